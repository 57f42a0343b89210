def run(job_input):
    job_input.send_object_for_ingestion({"a": 1}, "t")
    job_input.send_object_for_ingestion({"a": 2, "b": "two"}, "t")
    job_input.send_object_for_ingestion({"c": 3.5}, "t")
