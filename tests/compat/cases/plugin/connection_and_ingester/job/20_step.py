from observe import attempt


def run(job_input):
    attempt("insert", job_input.execute_query, "INSERT INTO t VALUES (1), (2)")
    attempt("rows", job_input.execute_query, "SELECT * FROM t", database="compat")
    job_input.send_object_for_ingestion({"a": 1}, "t", method="compat", target="there")
