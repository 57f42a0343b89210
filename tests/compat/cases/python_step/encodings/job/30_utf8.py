from observe import record


def run(job_input):
    record("utf8", "žluťoučký 数 🐎")
