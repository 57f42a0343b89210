from observe import attempt


def generated():
    for number in range(3, 6):
        yield number, f"generated {number}"


def run(job_input):
    send = job_input.send_tabular_data_for_ingestion
    attempt("returns", send, rows=[[1, "list"], (2, "tuple")], column_names=["id", "name"], destination_table="t")
    send(generated(), ("id", "name"), "t")
    send(iter([(9, None)]), ["id", "name"], "t")
    send({(10, "dict key"): 1}, ["id", "name"], "t")
    attempt("no_rows", send, [], ["id", "name"], "never")
