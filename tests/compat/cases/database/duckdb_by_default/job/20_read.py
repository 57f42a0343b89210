from observe import attempt, record


def run(job_input):
    attempt("rows", job_input.execute_query, "SELECT * FROM t")
    attempt("insert", job_input.execute_query, "INSERT INTO t (id) VALUES (2)")
    attempt("ddl", job_input.execute_query, "CREATE TABLE u (x INTEGER)")
    attempt("nothing", job_input.execute_query, "SELECT * FROM u")
    attempt("bad", job_input.execute_query, "SELECT * FROM no_such_table")
    attempt("two", job_input.execute_query, "SELECT 1; SELECT 2")
    attempt("sqlite", job_input.execute_query, "SELECT 1", database="SQLITE")
