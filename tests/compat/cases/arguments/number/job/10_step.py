from observe import record


def run(job_input):
    record("arguments", job_input.get_arguments())
