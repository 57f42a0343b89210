import os

from lib.shared import values
from observe import record

MINE = 1


def run(job_input):
    values.append("from the first")
    os.environ["SET_BY_A_STEP"] = "yes"
    record("pid", os.getpid() > 0)
    os.environ["PID_OF_THE_FIRST"] = str(os.getpid())
