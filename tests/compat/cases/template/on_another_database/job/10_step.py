from observe import attempt


def run(job_input):
    attempt("by_default", job_input.execute_template, "make", {})
    job_input.execute_template("make", {}, database="duckdb")
