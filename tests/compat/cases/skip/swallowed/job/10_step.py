from observe import record


def run(job_input):
    try:
        job_input.skip_remaining_steps()
    except Exception as error:
        record("class", type(error).__name__)
        record("bases", [c.__name__ for c in type(error).__mro__][-4:])
