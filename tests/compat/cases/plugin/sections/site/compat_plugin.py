from observe import record
from vdk.api.plugin.hook_markers import hookimpl


@hookimpl
def vdk_initialize(context):
    configuration = context.configuration
    record("sections", sorted(configuration.list_sections()))
    for key in ("host", "second_db_host", "user", "second_db_user", "port", "no_such_key"):
        record(key, configuration.get_value(key, "second_db"))
    record("main", configuration.get_value("host"))
    record("unknown_section", configuration.get_value("host", "nowhere"))
