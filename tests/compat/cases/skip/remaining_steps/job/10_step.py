from observe import record


def run(job_input):
    record("ran", "10")
    job_input.skip_remaining_steps()
    record("ran", "10 after the skip")
