def run(job_input):
    raise ValueError("failed")
