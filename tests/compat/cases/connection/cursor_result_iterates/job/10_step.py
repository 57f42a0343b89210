from observe import attempt, record


def run(job_input):
    cursor = job_input.get_managed_connection().cursor()
    result = cursor.execute("SELECT 1 UNION ALL SELECT 2")
    record("native", [list(row) for row in result.get_native_result()])
    result = cursor.execute("SELECT 1 UNION ALL SELECT 2")
    attempt("rows", lambda: [[list(row) for row in result]])
