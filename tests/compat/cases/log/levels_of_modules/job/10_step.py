import logging

from observe import record


def run(job_input):
    for name in ("a.quiet", "a.loud", "vdk", "urllib3", "requests_oauthlib"):
        record(name, logging.getLogger(name).level)
    record("root", logging.getLogger().level)
    logging.getLogger("a.loud").debug("loud debug")
    logging.getLogger("a.quiet").info("quiet info")
