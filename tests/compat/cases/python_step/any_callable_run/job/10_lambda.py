from observe import record

run = lambda job_input: record("ran", "lambda")
