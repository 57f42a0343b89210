from observe import attempt


def run(job_input):
    attempt("text", job_input.send_tabular_data_for_ingestion, "xyz", ["a"], "t")
    attempt("none", job_input.send_tabular_data_for_ingestion, None, ["a"], "t")
    attempt("rows_of_none", job_input.send_tabular_data_for_ingestion, [None], ["a"], "t")
