import sys


def run(job_input):
    sys.exit("the reason to stop")
