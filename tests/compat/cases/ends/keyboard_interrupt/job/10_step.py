def run(job_input):
    raise KeyboardInterrupt
