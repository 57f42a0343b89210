from observe import attempt, record


def run(job_input):
    directory = job_input.get_temporary_write_directory()
    record("directory", str(directory))
    record("exists", directory.exists())
