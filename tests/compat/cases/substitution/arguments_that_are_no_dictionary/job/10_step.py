from observe import record


def run(job_input):
    job_input.set_all_properties({"p": 1})
    record("text", job_input._substitute_query_params("{p} {0} {a}"))
