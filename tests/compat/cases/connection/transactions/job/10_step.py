from observe import attempt, record


def run(job_input):
    connection = job_input.get_managed_connection()
    connection.execute_query("CREATE TABLE t (x INTEGER)")
    connection.execute_query("BEGIN")
    connection.execute_query("INSERT INTO t VALUES (1)")
    attempt("rollback", connection.rollback)
    connection.execute_query("BEGIN")
    connection.execute_query("INSERT INTO t VALUES (2)")
    record("in_transaction", connection.in_transaction)
    attempt("commit", connection.commit)
    record("in_transaction_after", connection.in_transaction)
    attempt("missing", getattr, connection, "no_such_attribute")
