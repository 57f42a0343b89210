"""Log records as JSON and as LTSV, the program's own among them."""

import json

REQUIRES = ["vdk-logging-format", "ecs-logging==2.1.0"]


def check(cell):
    cell.step(
        "import logging\nlog = logging.getLogger(__name__)\n"
        "def run(job_input):\n    log.info('from the step')\n"
    )
    ended = cell.vdk(VDK_LOGGING_FORMAT="JSON").succeeded()
    records = [json.loads(line) for line in ended.stderr.splitlines() if line.startswith("{")]
    for message in "from the step", "Entering 10_step.py#run(...) ...":
        (record,) = [record for record in records if record["message"] == message]
        assert (record["jobname"], record["level"]) == ("job", "INFO")
    assert ended.stderr.count("Entering") == 1, ended.stderr
    ended = cell.vdk(VDK_LOGGING_FORMAT="LTSV").succeeded()
    for message in "from the step", "Entering 10_step.py#run(...) ...":
        (line,) = [line for line in ended.stderr.splitlines() if message in line]
        assert "\tjobname:job\tlevel:INFO\t" in line
