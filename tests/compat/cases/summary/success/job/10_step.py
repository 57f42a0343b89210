def run(job_input):
    pass
