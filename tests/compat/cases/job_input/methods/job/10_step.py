import inspect

from observe import record
from vdk.api.job_input import IJobInput

METHODS = [
    "get_property", "get_all_properties", "set_all_properties", "get_secret", "get_all_secrets", "set_all_secrets",
    "get_arguments", "execute_query", "get_managed_connection", "send_object_for_ingestion",
    "send_tabular_data_for_ingestion", "execute_template", "get_name", "get_job_directory",
    "get_execution_properties", "skip_remaining_steps", "get_temporary_write_directory",
]


def run(job_input):
    for name in METHODS:
        parameters = [
            p for p in inspect.signature(getattr(job_input, name)).parameters.values()
            if p.kind is not p.KEYWORD_ONLY  # further ones do nobody harm
        ]
        record(name, [f"{p.name}={p.default!r}" if p.default is not p.empty else p.name for p in parameters])
        record("abstract", hasattr(IJobInput, name))
