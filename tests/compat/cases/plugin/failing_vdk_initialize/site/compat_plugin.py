from observe import record
from vdk.api.plugin.hook_markers import hookimpl


@hookimpl
def vdk_initialize(context):
    raise ValueError("while initialising")


@hookimpl
def vdk_exit(context, exit_code):
    record("hook", "vdk_exit")
