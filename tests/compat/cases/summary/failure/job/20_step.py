def run(job_input):
    raise ValueError("what went wrong")
