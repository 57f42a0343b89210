from observe import record

if __name__ == "__main__":
    record("ran", "main")


def run(job_input):
    record("ran", "run")
