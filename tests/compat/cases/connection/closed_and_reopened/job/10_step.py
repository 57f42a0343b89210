from observe import attempt


def run(job_input):
    job_input.execute_query("CREATE TABLE t (x INTEGER)")
    connection = job_input.get_managed_connection()
    connection.close()
    connection.close()
    attempt("insert", job_input.execute_query, "INSERT INTO t VALUES (1)")
    attempt("rows", job_input.execute_query, "SELECT * FROM t")
