from observe import record


def run(job_input):
    record("secret", job_input.get_secret("compat_unknown"))
