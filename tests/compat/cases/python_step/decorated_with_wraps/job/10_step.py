import functools

from observe import record


def traced(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        record("ran", "before")
        return function(*args, **kwargs)

    return wrapper


@traced
def run(job_input):
    record("ran", "run")
