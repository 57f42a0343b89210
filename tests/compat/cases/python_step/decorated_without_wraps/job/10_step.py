from observe import record


def traced(function):
    def wrapper(job_input):
        record("ran", "before")
        return function(job_input)

    return wrapper


@traced
def run(job_input):
    record("ran", "run")
