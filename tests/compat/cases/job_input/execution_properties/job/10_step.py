import re
import time

from observe import record


def run(job_input):
    properties = job_input.get_execution_properties()
    record("keys", list(properties))
    record("types", sorted({type(value).__name__ for value in properties.values()}))
    record("op", properties["pa__op_id"])
    record("execution", properties["pa__execution_id"])
    record("now", abs(int(properties["pa__job_start_unixtime"]) - time.time()) < 60)
    record("expression", re.sub(r"[0-9]", "9", re.sub(r"[0-9]+\.[0-9]+", "9.9", properties["pa__job_start_ts_expr"])))
    first, second = properties, job_input.get_execution_properties()
    record("same_again", first == second)
