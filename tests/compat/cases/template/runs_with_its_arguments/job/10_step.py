from observe import record


def run(job_input):
    result = job_input.execute_template("make_table", {"table": "made"})
    record("success", result.is_success())
    record("rows", job_input.execute_query("SELECT * FROM made"))
    record("ingested", job_input.execute_query("SELECT * FROM ingested_by_template"))
