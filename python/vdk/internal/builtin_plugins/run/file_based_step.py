"""What runs the steps that are files, and which files are steps."""

from vdk.internal.builtin_plugins.run.step import Step  # noqa: F401

TYPE_SQL = "sql"
TYPE_PYTHON = "python"


class StepFuncFactory:
    @staticmethod
    def run_python_step(step, job_input):
        from vdk.host.python_step import run_step

        return run_step(str(step.file_path), step.name, str(step.job_dir), job_input)

    @staticmethod
    def run_sql_step(step, job_input):
        from vdk import _native

        return _native.run_sql_step(
            job_input, step.name, str(step.file_path), str(step.job_dir or "")
        )


class JobFilesLocator:
    @staticmethod
    def get_script_files(directory):
        """The step files of a directory, in the order in which they run."""
        return sorted(
            (path for path in directory.iterdir() if path.name.lower().endswith((".sql", ".py"))),
            key=lambda path: path.name,
        )
