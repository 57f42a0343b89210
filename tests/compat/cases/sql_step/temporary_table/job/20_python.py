from observe import record


def run(job_input):
    job_input.execute_query("UPDATE work SET x = x + 1")
