import time

from observe import record


def run(job_input):
    start = int(job_input.get_execution_properties()["pa__job_start_unixtime"])
    record("now", abs(start - time.time()) < 60)
