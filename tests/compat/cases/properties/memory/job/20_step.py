from observe import record


def run(job_input):
    record("next_step", job_input.get_all_properties())
