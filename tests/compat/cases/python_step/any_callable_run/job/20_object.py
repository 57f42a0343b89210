from observe import record


class Step:
    def __call__(self, job_input):
        record("ran", "object")


run = Step()
