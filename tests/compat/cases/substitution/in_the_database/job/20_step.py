from observe import record


def run(job_input):
    job_input.execute_query("INSERT INTO {table} VALUES ('{value} {unknown}')")
    cursor = job_input.get_managed_connection().cursor()
    cursor.execute("INSERT INTO t VALUES ('{value}')")
    cursor.close()
