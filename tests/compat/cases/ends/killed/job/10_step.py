import os
import signal


def run(job_input):
    os.kill(os.getpid(), signal.SIGKILL)
