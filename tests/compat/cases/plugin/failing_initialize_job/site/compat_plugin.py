from observe import record
from vdk.api.plugin.hook_markers import hookimpl


@hookimpl
def initialize_job(context):
    raise ValueError("while initialising")


@hookimpl
def finalize_job(context):
    record("hook", "finalize_job")
