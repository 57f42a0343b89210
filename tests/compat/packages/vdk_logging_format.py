"""Log records as JSON."""

import json

REQUIRES = ["vdk-logging-format", "ecs-logging==2.1.0"]
FULL = True
FAILS = "the program prints the log itself, in its own form; log_format = json gives JSON"


def check(cell):
    cell.step(
        "import logging\nlog = logging.getLogger(__name__)\n"
        "def run(job_input):\n    log.info('from the step')\n"
    )
    ended = cell.vdk(VDK_LOGGING_FORMAT="JSON").succeeded()
    (line,) = [line for line in ended.stderr.splitlines() if "from the step" in line]
    assert json.loads(line)["message"] == "from the step"
