from observe import record


def run(other=5, job_input=None, more="m"):
    record("second_place", [other, type(job_input).__name__ != "NoneType", more])
