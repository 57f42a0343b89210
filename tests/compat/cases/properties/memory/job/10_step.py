from observe import attempt, record


def run(job_input):
    record("empty", job_input.get_all_properties())
    record("missing", job_input.get_property("a"))
    record("default", job_input.get_property("a", 5))
    record("default_keyword", job_input.get_property(name="a", default_value="d"))
    attempt("set", job_input.set_all_properties, {"a": 1, "n": None, "t": "ž", "f": 1.5, "l": [1, {"x": True}]})
    record("all", job_input.get_all_properties())
    record("a", job_input.get_property("a"))
    record("none_is_a_value", job_input.get_property("n", "default"))
    job_input.set_all_properties(properties={"b": 2})
    record("replaced", job_input.get_all_properties())
    job_input.set_all_properties({})
    record("emptied", job_input.get_all_properties())
    job_input.set_all_properties({"kept": "for the next step"})
