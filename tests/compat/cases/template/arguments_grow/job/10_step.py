def run(job_input):
    job_input.execute_template("grow", {})
