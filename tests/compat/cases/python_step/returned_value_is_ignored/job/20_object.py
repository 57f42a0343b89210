def run(job_input):
    return object()
