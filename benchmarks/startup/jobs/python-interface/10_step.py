from vdk.api.job_input import IJobInput


def run(job_input: IJobInput):
    pass
