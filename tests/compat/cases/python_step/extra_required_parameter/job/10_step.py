from observe import record


def run(job_input, args):
    record("ran", True)
