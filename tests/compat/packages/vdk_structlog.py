"""Log records of a step as JSON, with what is bound to its logger."""

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
    lines = [line for line in ended.succeeded().stderr.splitlines() if "from the step" in line]
    records = [json.loads(line[line.index("{") :]) for line in lines]
    assert records and records[0]["vdk_job_name"] == "job", ended.stderr
