def run(job_input):
    job_input.send_object_for_ingestion({"no_such_column": 1}, "t")
