def run(job_input):
    region = job_input.get_arguments()["region"]
    for number in range(3):
        job_input.send_object_for_ingestion({"number": number, "region": region}, "orders")
