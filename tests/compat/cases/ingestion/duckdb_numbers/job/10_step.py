def run(job_input):
    job_input.send_tabular_data_for_ingestion([[1, 1.1, True], [2, 2.5, False]], ["i", "f", "b"], "t", method="duckdb")
