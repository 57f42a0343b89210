from observe import record


def run(job_input):
    record("hook", "the step")
