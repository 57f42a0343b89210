from observe import record


def run(job_input):
    job_input.execute_template("inner", {"from": "outer"})
    record("outer", [job_input.get_name(), job_input.get_arguments()])
