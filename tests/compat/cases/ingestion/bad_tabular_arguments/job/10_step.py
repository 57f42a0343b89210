from observe import attempt


def run(job_input):
    send = job_input.send_tabular_data_for_ingestion
    attempt("nothing_known", send, [[1]], [], None)
    attempt("rows_no_iterable", send, 5, ["a"], "t")
    attempt("width_of_the_first", send, [[1, 2]], ["a"], "t")
    attempt("unserialisable", send, [[object()]], ["a"], "t")
    attempt("wider_later", send, [[1], [1, 2]], ["a"], "t2")
