from observe import record


def run(job_input):
    for name, value in job_input.get_arguments().items():
        record(name, value)
