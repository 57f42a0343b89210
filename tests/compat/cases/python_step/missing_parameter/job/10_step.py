from observe import record


def run():
    record("ran", True)
