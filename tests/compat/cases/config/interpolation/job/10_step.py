from observe import record


def run(job_input):
    record("op", job_input.get_execution_properties()["pa__op_id"])
