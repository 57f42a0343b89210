from observe import attempt


def run(job_input):
    attempt("objects", job_input.send_object_for_ingestion, {"a": 1}, "t")
    job_input.send_object_for_ingestion({"a": 2}, "t", method="sqlite")
