from vdk.internal.core.errors import PlatformServiceError


def run(job_input):
    raise PlatformServiceError("what", "why", "consequence", "countermeasure")
