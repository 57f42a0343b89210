from vdk.internal.core.errors import VdkConfigurationError


def run(job_input):
    raise VdkConfigurationError("what", "why", "consequence", "countermeasure")
