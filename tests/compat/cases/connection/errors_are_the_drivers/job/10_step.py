import sqlite3

from observe import record


def run(job_input):
    try:
        job_input.execute_query("SELECT * FROM no_such_table")
    except sqlite3.OperationalError as error:
        record("text", str(error))
        record("cause", error.__cause__)
    try:
        job_input.execute_query("CREATE TABLE t (x INTEGER UNIQUE)")
        job_input.execute_query("INSERT INTO t VALUES (1), (1)")
    except sqlite3.IntegrityError as error:
        record("unique", str(error))
