from observe import attempt, record


def run(job_input):
    try:
        job_input.execute_template("failing", {})
    except LookupError as error:
        record("text", str(error))
    attempt("unknown", job_input.execute_template, "no_such_template", {})
