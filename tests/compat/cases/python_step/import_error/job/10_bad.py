import no_such_module


def run(job_input):
    pass
