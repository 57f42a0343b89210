from observe import attempt


def run(job_input):
    attempt("no_table", job_input.send_tabular_data_for_ingestion, [[1]], ["a"])
