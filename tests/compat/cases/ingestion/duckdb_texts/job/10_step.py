def run(job_input):
    job_input.send_object_for_ingestion({"name": "one", "note": None}, "t", method="duckdb")
    job_input.send_object_for_ingestion({"name": "ž", "note": "x"}, "t", method="duckdb")
