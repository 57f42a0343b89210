import sys

from observe import record


def run(job_input):
    directory = str(job_input.get_job_directory())
    record("times", sys.path.count(directory))
    record("kept", "/added/by/a/step" in sys.path)
