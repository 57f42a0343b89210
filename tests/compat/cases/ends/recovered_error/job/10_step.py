from observe import record
from vdk.internal.core.errors import ResolvableBy, UserCodeError, report


def run(job_input):
    report(ResolvableBy.USER_ERROR, UserCodeError("handled by the step"))
    record("reported", True)
