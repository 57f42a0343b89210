from observe import record


def run(job_input):
    record("ran", "the helper's")
