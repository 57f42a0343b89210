from collections import deque, namedtuple

Row = namedtuple("Row", "i s")


class Rows:
    def __iter__(self):
        return iter([(1, "a"), (2, "b")])


def run(job_input):
    kinds = {
        "lists": [[1, "a"], [2, "b"]],
        "tuples": ((1, "a"), (2, "b")),
        "iterator": iter([(1, "a"), (2, "b")]),
        "generator": ((i, s) for i, s in ((1, "a"), (2, "b"))),
        "zipped": zip([1, 2], "ab"),
        "queued": deque([(1, "a"), (2, "b")]),
        "set_of_rows": {(1, "a"), (2, "b")},
        "named": [Row(1, "a"), Row(2, "b")],
        "iterable": Rows(),
        "texts": ["1a", "2b"],
    }
    for name, rows in kinds.items():
        job_input.send_tabular_data_for_ingestion(rows, ["i", "s"], name)
        job_input.send_object_for_ingestion({"sent": name}, "names")
