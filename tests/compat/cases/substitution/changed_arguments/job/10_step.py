from observe import record


def run(job_input):
    arguments = job_input.get_arguments()
    arguments["b"] = "two"
    record("same", job_input.get_arguments() is arguments)
