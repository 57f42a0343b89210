from observe import record

record("imported", __name__)


def helper():
    return 1
