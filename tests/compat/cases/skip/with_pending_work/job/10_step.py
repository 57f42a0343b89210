from observe import record


def run(job_input):
    job_input.send_object_for_ingestion({"x": 1}, destination_table="t")
    try:
        job_input.skip_remaining_steps()
    finally:
        record("finally", True)
