from observe import record


def run(job_input):
    record("inner", [job_input.get_name(), job_input.get_arguments()])
