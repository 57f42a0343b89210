from observe import record


def run(job_input):
    job_input.execute_template("outer", {"from": "job"})
    record("job", job_input.get_arguments())
