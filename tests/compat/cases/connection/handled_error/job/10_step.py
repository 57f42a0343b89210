from observe import record


def run(job_input):
    try:
        job_input.execute_query("SELECT * FROM no_such_table")
    except Exception:
        record("handled", True)
