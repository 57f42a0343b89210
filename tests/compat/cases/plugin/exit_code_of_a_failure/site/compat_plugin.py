from observe import record
from vdk.api.plugin.hook_markers import hookimpl


@hookimpl
def vdk_exception(exception):
    record("exception", [type(exception).__name__, str(exception)])


@hookimpl
def vdk_exit(context, exit_code):
    record("exit_code", exit_code)
