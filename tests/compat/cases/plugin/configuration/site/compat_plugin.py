from observe import record
from vdk.api.plugin.hook_markers import hookimpl


@hookimpl
def vdk_configure(config_builder):
    config_builder.add("compat_default", "default", True, "described")
    config_builder.add("compat_int", 5)
    config_builder.add("compat_bool", False)
    config_builder.add("compat_float", 1.5)
    config_builder.add("compat_none", None)
    config_builder.add("compat.dot.ted", "default")
    config_builder.add("compat-dash-ed", "default")
    config_builder.add("compat.mi-x.ed", "default")
    for key in ("compat_config", "compat_set", "compat_all"):
        config_builder.add(key, "default")
    config_builder.set_value("compat_set", "plugin")
    config_builder.set_value("compat_all", "plugin")


@hookimpl
def vdk_initialize(context):
    get = context.configuration.get_value
    for key in (
        "compat_default", "COMPAT_DEFAULT", "compat_int", "compat_bool", "compat_float", "compat_none", "compat.dot.ted",
        "compat-dash-ed", "compat.mi-x.ed", "compat_config", "compat_set", "compat_all", "compat_unknown", "no_such_key",
    ):
        record(key, get(key))
