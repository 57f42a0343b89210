from observe import record


def run(job_input):
    record("name", job_input.get_name())
    record("directory", str(job_input.get_job_directory()))
