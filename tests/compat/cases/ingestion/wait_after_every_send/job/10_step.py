from observe import record


def run(job_input):
    job_input.send_tabular_data_for_ingestion(
        ((n, f"row {n}") for n in range(10007)), ["id", "name"], "many")
    record("rows", job_input.execute_query(
        "SELECT count(*), count(DISTINCT id), min(id), max(id), max(name) FROM many"))
