from observe import record


def run(job_input):
    record("all", job_input.get_all_properties())
