from observe import record


def run(job_input, *rest, **keywords):
    record("rest", [list(rest), keywords])
