from observe import attempt


def run(job_input):
    cursor = job_input.get_managed_connection().cursor()
    cursor.execute("SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4")
    attempt("default", cursor.fetchmany)
    attempt("set", setattr, cursor, "arraysize", 2)
    attempt("two", cursor.fetchmany)
