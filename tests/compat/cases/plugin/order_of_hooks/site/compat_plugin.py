from observe import record
from vdk.api.plugin.hook_markers import hookimpl


@hookimpl
def vdk_start(plugin_registry, command_line_args):
    record("hook", "vdk_start")


@hookimpl
def vdk_configure(config_builder):
    config_builder.add("compat_key", "the default")
    record("hook", "vdk_configure")


@hookimpl
def vdk_initialize(context):
    record("hook", "vdk_initialize")
    record("key", context.configuration.get_value("compat_key"))


@hookimpl
def initialize_job(context):
    record("hook", "initialize_job")
    record("steps", [step.name for step in context.step_builder.get_steps()])


@hookimpl(hookwrapper=True)
def run_job(context):
    record("hook", "run_job before")
    yield
    record("hook", "run_job after")


@hookimpl(tryfirst=True)
def run_step(context, step):
    record("hook", f"run_step {step.name} {step.type}")


@hookimpl
def finalize_job(context):
    record("hook", "finalize_job")


@hookimpl
def vdk_exit(context, exit_code):
    record("hook", "vdk_exit")
