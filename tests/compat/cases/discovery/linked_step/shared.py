from observe import record


def run(job_input):
    record("file", __file__)
    record("name", __name__)
