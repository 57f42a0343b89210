from observe import attempt


def run(job_input):
    cursor = job_input.get_managed_connection().cursor()
    cursor.execute("CREATE TABLE t (x INTEGER)")
    cursor.execute("INSERT INTO t VALUES (?)", (1,))
    attempt("bad", cursor.execute, "SELECT * FROM no_such_table")
    attempt("refused", cursor.execute, "DROP TABLE t -- forbidden")
