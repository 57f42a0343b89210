import logging

log = logging.getLogger("a.users.logger")


def run(job_input):
    log.warning("the text")
