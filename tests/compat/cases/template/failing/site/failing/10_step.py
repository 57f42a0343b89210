def run(job_input):
    raise LookupError("from the template")
