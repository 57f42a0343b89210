def run(job_input):
    rows = job_input.execute_query("SELECT name FROM source ORDER BY name")
    job_input.send_tabular_data_for_ingestion(rows, ["name"], "copied", method="duckdb")
    job_input.send_tabular_data_for_ingestion(rows, ["name"], "copied", method="sqlite")
