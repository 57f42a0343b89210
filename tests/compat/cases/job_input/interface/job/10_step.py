from observe import record
from vdk.api import job_input as api


def run(job_input):
    names = ["IProperties", "IManagedConnection", "IIngester", "ITemplate", "IJobArguments", "ISecrets", "IJobInput"]
    record("is_one", [isinstance(job_input, getattr(api, name)) for name in names])
    record("order", [c.__name__ for c in api.IJobInput.__mro__ if c.__name__ in names])
    original = job_input.execute_query

    def traced(sql, database=None):
        record("traced", sql)
        return original(sql, database)

    job_input.execute_query = traced
    record("rows", job_input.execute_query("SELECT 1"))
    job_input.an_attribute = 5
