def broken():
    yield [1]
    raise ValueError("the source broke")


def run(job_input):
    job_input.send_tabular_data_for_ingestion(broken(), ["a"], "t")
