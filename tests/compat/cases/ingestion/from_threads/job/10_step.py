from concurrent.futures import ThreadPoolExecutor


def run(job_input):
    def send(number):
        job_input.send_object_for_ingestion({"id": number}, "t")

    job_input.send_object_for_ingestion({"id": -1}, "t")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(send, range(20)))
