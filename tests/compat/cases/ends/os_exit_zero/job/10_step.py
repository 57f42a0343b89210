import os


def run(job_input):
    os._exit(0)
