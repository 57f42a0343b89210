from observe import attempt


def run(job_input):
    attempt("get", job_input.get_secret, "a")
    attempt("all", job_input.get_all_secrets)
