from observe import attempt


def run(job_input):
    attempt("objects", job_input.send_object_for_ingestion, {"a": 1}, "t", method="nosuchmethod")
    attempt("tabular", job_input.send_tabular_data_for_ingestion, [[1]], ["a"], "t", method="nosuchmethod")
    job_input.send_object_for_ingestion({"a": 1}, "t", method="nosuchmethod")
