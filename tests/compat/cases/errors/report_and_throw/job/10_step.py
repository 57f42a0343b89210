from vdk.internal.core import errors


def run(job_input):
    errors.report_and_throw(errors.PlatformServiceError("the platform's own"))
