"""Log records of a step and of the program as JSON, with the metadata that is asked for."""

import json

REQUIRES = ["vdk-structlog"]


def check(cell):
    cell.step(
        """
        import logging
        log = logging.getLogger(__name__)
        def run(job_input):
            log.info("from the step")
        """
    )
    ended = cell.vdk(VDK_STRUCTLOG_FORMAT="json", VDK_STRUCTLOG_METADATA="vdk_job_name,level")
    records = [json.loads(line) for line in ended.succeeded().stderr.splitlines()]
    for message in "from the step", "Exiting  10_step.py#run(...) SUCCESS":
        (record,) = [record for record in records if record["message"] == message]
        assert (record["vdk_job_name"], record["level"]) == ("job", "INFO")
