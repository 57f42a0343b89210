import logging

from observe import record


def run(job_input):
    record("level", logging.getLogger("a.users.logger").getEffectiveLevel())
