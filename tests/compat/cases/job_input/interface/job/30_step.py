from observe import record


def run(job_input):
    record("attribute", job_input.an_attribute)
