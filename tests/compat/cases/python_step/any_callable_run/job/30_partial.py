from functools import partial

from observe import record


def work(kind, job_input):
    record("ran", kind)


run = partial(work, "partial")
