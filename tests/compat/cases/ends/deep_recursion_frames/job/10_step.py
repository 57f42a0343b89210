def down(depth):
    if depth == 0:
        raise KeyError("the root cause")
    return down(depth - 1)


def run(job_input):
    down(10)
