from vdk.api.plugin.hook_markers import hookimpl


@hookimpl
def vdk_exit(context, exit_code):
    raise ValueError("while leaving")
