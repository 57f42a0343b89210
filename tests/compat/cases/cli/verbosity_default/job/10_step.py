import logging

from observe import record


def run(job_input):
    log = logging.getLogger("a.users.logger")
    record("level", log.getEffectiveLevel())
    log.info("a users info line")
