import sys


def run(job_input):
    sys.exit(3)
