from observe import attempt


def run(job_input):
    query = job_input.execute_query
    attempt("ddl", query, "CREATE TABLE t (i INTEGER, f REAL, s TEXT, b BLOB)")
    attempt("insert", query, "INSERT INTO t VALUES (1, 1.5, 'one', x'00ff'), (NULL, NULL, NULL, NULL)")
    attempt("select", query, "SELECT * FROM t ORDER BY i DESC")
    attempt("big", query, "SELECT 9223372036854775807, -1, 1e300, 'ž', ''")
    attempt("no_rows", query, "SELECT * FROM t WHERE i = 77")
    attempt("update", query, "UPDATE t SET i = 2 WHERE i = 1")
    attempt("returning", query, "INSERT INTO t (i) VALUES (5) RETURNING i, s")
    attempt("pragma", query, "PRAGMA user_version")
    attempt("comment", query, "-- nothing")
    attempt("empty", query, "")
    attempt("blank", query, " \n\t ")
    attempt("keyword", query, sql="SELECT 1", database="sqlite")
    attempt("none", query, sql="SELECT 1", database=None)
    attempt("bad", query, "SELECT * FROM no_such_table")
    attempt("constraint", query, "CREATE TABLE u (x INTEGER NOT NULL)")
    attempt("not_null", query, "INSERT INTO u VALUES (NULL)")
    attempt("two", query, "SELECT 1; SELECT 2")
    attempt("trailing", query, "SELECT 1 ; -- end")

