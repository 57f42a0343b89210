def run(job_input):
    raise MemoryError("asked for too much")
