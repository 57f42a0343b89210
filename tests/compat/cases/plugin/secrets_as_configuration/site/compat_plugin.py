from observe import record
from vdk.api.plugin.hook_markers import hookimpl


class Secrets:
    def read_secrets(self, job_name, team_name):
        record("read_for", [job_name, team_name])
        return {name: "secret" for name in (
            "compat_by_default", "compat_by_config", "compat_by_environment", "compat_unknown")}

    def write_secrets(self, job_name, team_name, secrets):
        return secrets


@hookimpl
def vdk_configure(config_builder):
    for key in ("compat_by_default", "compat_by_config", "compat_by_environment"):
        config_builder.add(key, "default")


@hookimpl
def initialize_job(context):
    context.secrets.set_secrets_factory_method("default", Secrets)


@hookimpl(tryfirst=True)
def run_step(context, step):
    get = context.core_context.configuration.get_value
    for key in ("compat_by_default", "compat_by_config", "compat_by_environment", "compat_unknown"):
        record(key, get(key))
