from observe import record


def run(job_input):
    first = job_input.get_managed_connection()
    record("same", job_input.get_managed_connection() is first)
    record("same_by_name", job_input.get_managed_connection("SQLite") is first)
    other = job_input.get_managed_connection("duckdb")
    record("other", other is first or other == first)
    cursor = other.cursor()
    cursor.execute("CREATE TABLE t AS SELECT 1 AS x")
    cursor.execute("SELECT * FROM t")
    record("rows", [list(row) for row in cursor.fetchall()])
    record("class_is_managed", any(c.__name__ == "ManagedConnectionBase" for c in type(first).__mro__))
