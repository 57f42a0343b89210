def run(job_input):
    for number in range(6):
        job_input.send_object_for_ingestion({"id": number}, "even" if number % 2 == 0 else "odd")
