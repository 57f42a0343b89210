from observe import attempt


def run(job_input):
    attempt("handled", job_input.execute_query, "SELECT * FROM no_such_table")
