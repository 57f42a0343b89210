from observe import attempt, record


def run(job_input):
    attempt("get", job_input.get_property, "a")
    attempt("all", job_input.get_all_properties)
    attempt("set", job_input.set_all_properties, {"a": 1})
    record("text", job_input._substitute_query_params("{a}"))
