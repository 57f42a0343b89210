from observe import attempt


def run(job_input):
    with job_input.get_managed_connection() as connection:
        connection.execute_query("CREATE TABLE t (x INTEGER)")
    attempt("after", job_input.execute_query, "INSERT INTO t VALUES (1)")
