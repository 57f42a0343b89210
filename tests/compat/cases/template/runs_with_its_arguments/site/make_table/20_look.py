from observe import record


def run(job_input):
    record("arguments", job_input.get_arguments())
    record("name", job_input.get_name())
    record("directory", job_input.get_job_directory().name)
    record("op", job_input.get_execution_properties()["pa__op_id"])
    job_input.send_object_for_ingestion({"x": 1}, "ingested_by_template")
