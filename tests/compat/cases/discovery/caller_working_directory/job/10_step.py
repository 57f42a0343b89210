import os
from pathlib import Path

from observe import record


def run(job_input):
    record("cwd", os.getcwd())
    record("file", __file__)
    record("beside_job", Path("beside.txt").read_text().strip())
