def run(job_input):
    return False
