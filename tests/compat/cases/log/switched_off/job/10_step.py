import logging


def run(job_input):
    logging.getLogger("a.users.logger").warning("a users warning")
