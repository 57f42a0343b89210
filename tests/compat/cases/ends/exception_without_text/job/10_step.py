def run(job_input):
    assert False
