from observe import record


def run(job_input):
    import helper

    record("helper", helper.helper())
