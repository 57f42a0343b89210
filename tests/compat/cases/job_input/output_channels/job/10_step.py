import logging
import os
import sys

log = logging.getLogger(__name__)

print("while loading")


def run(job_input):
    print("first line")
    log.warning("a warning of the job")
    log.info("no such fragment is compared")
    print("on standard error", file=sys.stderr)
    sys.stdout.write("no newline")
