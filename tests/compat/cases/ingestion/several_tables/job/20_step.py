def run(job_input):
    job_input.send_object_for_ingestion({"id": 6}, "even")
