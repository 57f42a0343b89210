from observe import record

record("ran", "20 top level")


def main(job_input):
    record("ran", "20 main")
