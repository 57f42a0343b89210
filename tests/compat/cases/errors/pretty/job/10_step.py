from vdk.internal.core.errors import UserCodeError


def run(job_input):
    raise UserCodeError("what", "why", "consequence", "countermeasure")
