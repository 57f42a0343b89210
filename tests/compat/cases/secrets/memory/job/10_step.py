from observe import attempt, record


def run(job_input):
    record("empty", job_input.get_all_secrets())
    record("missing", job_input.get_secret("a"))
    record("default", job_input.get_secret("a", "d"))
    attempt("set", job_input.set_all_secrets, {"a": "s3cret", "n": None, "d": {"x": [1]}})
    record("all", job_input.get_all_secrets())
    live = job_input.get_all_secrets()
    live["b"] = 1
    record("live", job_input.get_secret("b"))
    job_input.set_all_secrets({"c": 1})
    record("replaced", job_input.get_all_secrets())
    record("in_sql", job_input._substitute_query_params("{c}"))
    attempt("bool", job_input.set_all_secrets, {"k": True})
    attempt("blank_key", job_input.set_all_secrets, {"a b": 1})
    attempt("int_key", job_input.set_all_secrets, {1: 1})
