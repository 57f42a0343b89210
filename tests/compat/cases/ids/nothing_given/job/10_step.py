import re

from observe import record


def run(job_input):
    properties = job_input.get_execution_properties()
    execution = properties["pa__execution_id"]
    record("same", properties["pa__op_id"] == execution)
    record("shape", bool(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-[0-9]{10}", execution)))
