"""A data job that a program opens itself, without its steps."""


class IStandaloneDataJob:
    """`with … as job_input:`; vdk.internal.builtin_plugins.run.standalone_data_job makes one."""

    def __init__(self, data_job_directory, name=None, job_args=None, template_name=None):
        """A directory or a name is given, or both; the arguments are a dict."""

    def __enter__(self):
        """Begins the job and returns its IJobInput."""

    def __exit__(self, exc_type, exc_value, exc_traceback):
        """Ends the job: what was sent is stored."""
