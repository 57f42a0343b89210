import os


def run(job_input):
    job_input.send_object_for_ingestion({"a": 1}, "t", method="SQLite", target=os.environ["TARGET"])
    job_input.send_object_for_ingestion({"a": 2}, "t", collection_id="mine")
