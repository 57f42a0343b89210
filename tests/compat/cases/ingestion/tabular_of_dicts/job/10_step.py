from observe import attempt


def run(job_input):
    attempt("dicts", job_input.send_tabular_data_for_ingestion, [{"a": 1, "b": 2}], ["a", "b"], "t")
