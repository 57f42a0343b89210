from observe import attempt, record


def run(job_input):
    given = {"a": 1}
    record("all", job_input.get_all_properties())
    record("cached", job_input.get_property("stored"))
    attempt("set", job_input.set_all_properties, given)
    record("given", given)
    attempt("refused", job_input.set_all_properties, {"refuse": 1})
