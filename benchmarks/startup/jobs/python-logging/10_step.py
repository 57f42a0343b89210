import logging


def run(job_input):
    pass
