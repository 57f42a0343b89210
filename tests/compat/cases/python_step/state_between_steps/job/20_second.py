import atexit
import os

from lib.shared import values
from observe import record


def run(job_input):
    record("values", values)
    record("environment", os.environ.get("SET_BY_A_STEP"))
    record("same_process", os.environ["PID_OF_THE_FIRST"] == str(os.getpid()))
    record("module_of_the_first", "MINE" in globals())
    atexit.register(record, "atexit", "ran")
