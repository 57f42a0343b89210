import datetime


def run(job_input):
    job_input.send_tabular_data_for_ingestion(
        [["one", 1, 1.1, datetime.date(2024, 2, 29), True], ["two", 2, None, None, None]],
        ["name", "id", "amount", "day", "ok"], "t")
