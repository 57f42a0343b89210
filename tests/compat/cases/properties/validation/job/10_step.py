from observe import attempt, record


class Text(str):
    pass


BAD = {
    "bool": {"k": True},
    "tuple": {"k": (1,)},
    "set": {"k": {1}},
    "bytes": {"k": b"x"},
    "object": {"k": object()},
    "str_subclass": {"k": Text("x")},
    "int_key": {1: "x"},
    "none_key": {None: "x"},
    "key_subclass": {Text("k"): "x"},
    "blank_key": {"a b": 1},
    "tab_key": {"a\tb": 1},
    "newline_key": {"k\n": 1},
    "no_break_space": {"a\u00a0b": 1},
    "mixed": {"good": 1, "bad": True},
}
GOOD = {"": 0, "i": 1, "f": float("inf"), "s": "", "l": [True, (1,)], "d": {1: {2}}, "n": None, "odd-key.1/ž": 1}


def run(job_input):
    job_input.set_all_properties({"kept": 1})
    for name, value in BAD.items():
        attempt(name, job_input.set_all_properties, value)
        record(name + " leaves", job_input.get_all_properties())
    attempt("good", job_input.set_all_properties, GOOD)
    record("stored", job_input.get_all_properties())
