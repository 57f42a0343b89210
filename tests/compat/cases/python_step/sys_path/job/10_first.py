import sys

from observe import record


def run(job_input):
    directory = str(job_input.get_job_directory())
    record("first", sys.path[0] == directory)
    record("times", sys.path.count(directory))
    sys.path.append("/added/by/a/step")
