from pathlib import Path

from observe import record


def run(job_input):
    record("name", job_input.get_name())
    directory = job_input.get_job_directory()
    record("directory", str(directory))
    record("directory_is_a_path", isinstance(directory, Path))
    temporary = job_input.get_temporary_write_directory()
    record("temporary", str(temporary))
    record("temporary_is_a_path", isinstance(temporary, Path))
