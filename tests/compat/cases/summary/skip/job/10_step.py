def run(job_input):
    job_input.skip_remaining_steps()
