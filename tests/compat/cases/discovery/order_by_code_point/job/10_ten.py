from observe import record


def run(job_input):
    record("ran", "10_ten.py")
