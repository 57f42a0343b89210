import datetime
import uuid


def run(job_input):
    zone = datetime.timezone(datetime.timedelta(hours=2))
    job_input.send_tabular_data_for_ingestion(
        [
            [1, datetime.date(2024, 2, 29)],
            [2, datetime.datetime(2024, 2, 29, 12, 30, 15)],
            [3, datetime.datetime(2024, 2, 29, 12, 30, 15, 250000, tzinfo=zone)],
            [4, uuid.UUID("12345678-1234-5678-1234-567812345678")],
        ],
        ["id", "value"], "t")
