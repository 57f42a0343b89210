def run(job_input):
    helper()


def helper():
    raise ValueError("what went wrong")
