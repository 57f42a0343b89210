import pandas


def run(job_input):
    frame = pandas.DataFrame({"id": [1, 2], "name": ["one", "ž"], "f": [1.5, 2.25]})
    job_input.send_object_for_ingestion(frame, "t")
