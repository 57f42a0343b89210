from observe import record


def run(job_input):
    record("ran", "30")
