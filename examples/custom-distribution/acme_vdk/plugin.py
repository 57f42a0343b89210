"""How Acme's installation differs from a plain one."""

from vdk.api.plugin.hook_markers import hookimpl
from vdk.api.plugin.plugin_utils import (
    set_defaults_for_all_commands,
    set_defaults_for_specific_command,
)


@hookimpl(trylast=True)  # when every command is there
def vdk_command_line(root_command):
    set_defaults_for_all_commands(root_command, {"output": "json"})
    set_defaults_for_specific_command(root_command, "run", {"arguments": '{"region": "emea"}'})


@hookimpl
def vdk_configure(config_builder):
    config_builder.set_value("package_name", "acme-vdk")
    config_builder.set_value("db_default_type", "sqlite")
    config_builder.set_value("ingest_method_default", "sqlite")
