def run(job_input):
    job_input.send_object_for_ingestion({"a": 1})
