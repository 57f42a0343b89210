def run(job_input):
    job_input.send_object_for_ingestion({"amount": 1.5, "id": 1, "name": "one"}, "t")
    job_input.send_tabular_data_for_ingestion([["two", 2, "12.30"]], ["name", "id", "amount"], "t")
