from observe import record


def run(job_input):
    properties = job_input.get_execution_properties()
    record("op", properties["pa__op_id"])
    record("execution", properties["pa__execution_id"])
