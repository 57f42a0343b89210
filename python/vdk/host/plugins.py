"""Plugins of the environment, and the program's own implementations among them."""

import gc
import sys

try:
    from vdk.api.plugin.hook_markers import GROUP_NAME, hookimpl
except ModuleNotFoundError as error:
    if error.name != "pluggy":
        raise
    from vdk._native import entry_points
    from vdk.host.complaints import configuration_error

    raise configuration_error(
        "The environment has plugins of Python, but not the module pluggy, which calls them.",
        "They are: " + ", ".join(sorted({point[0] for point in entry_points()})) + ".",
        "Nothing was executed.",
        f"Install pluggy ({sys.executable} -m pip install pluggy), or remove the plugins.",
    ) from None


class InstalledPlugin:
    """One entry point: who brought it, and what became of it."""

    def __init__(self, distribution, version, group, name, value):
        self.distribution = distribution
        self.version = version
        self.group = group
        self.name = name
        self.value = value
        self.seconds = 0.0  # that loading took
        self.failure = None  # why it is not loaded

    def owns(self, module):
        """Whether the module belongs to the plugin: its own, or one in the same package or below."""
        own = self.value.partition(":")[0].strip()
        package = own.rpartition(".")[0]
        return any(
            module == prefix or module.startswith(prefix + ".")
            for prefix in ((own,) if package in ("", "vdk", "vdk.plugin") else (own, package))
        )


def distribution_of(registry, module):
    """The distribution that brought a module, as far as its plugins tell."""
    return next((plugin.distribution for plugin in registry.installed if plugin.owns(module)), "")


def installed(group=GROUP_NAME):
    """The entry points of a group in this interpreter, sorted by distribution; nothing is imported."""
    from vdk import _native

    found = (InstalledPlugin(*point) for point in _native.entry_points())
    return [plugin for plugin in found if plugin.group == group]


def registry_of_environment(imports=None, owns_process=False):
    """A registry with every plugin that is installed. `imports` are WatchedImports that are to see them loaded.

    Where the process is the program's own, what plugins bring stays to its end and is never looked through for garbage:
    with many imports that takes as long as the imports do, at the end of the process above all.
    """
    from vdk.internal.plugin.plugin import PluginRegistry

    registry = PluginRegistry()
    add_specs(registry)
    if owns_process:
        gc.disable()
    if imports is None:
        registry.load_plugins_from_setuptools_entrypoints()
    else:
        with imports:
            registry.load_plugins_from_setuptools_entrypoints()
    if owns_process:
        gc.freeze()
        gc.enable()
    from vdk.internal.cli_entry import CliEntry

    registry.load_plugin_with_hooks_impl(CliEntry(), "cli-entry")
    return registry


def own_classes():
    """Classes of plugin objects that are the program's own parts."""
    from vdk.internal.cli_entry import CliEntry

    return (CorePlugin, CliEntry)


def add_specs(registry):
    from vdk.api.plugin.connection_hook_spec import ConnectionHookSpec
    from vdk.api.plugin.core_hook_spec import CoreHookSpecs, JobRunHookSpecs
    from vdk.internal.builtin_plugins.internal_hookspecs import InternalHookSpecs

    hook = registry.plugin_manager().hook
    for specs, known in (
        (InternalHookSpecs, "vdk_main"),
        (CoreHookSpecs, "vdk_start"),
        (JobRunHookSpecs, "run_job"),
        (ConnectionHookSpec, "db_connection_before_operation"),
    ):
        caller = getattr(hook, known, None)
        if caller is None or not caller.has_spec():
            registry.add_hook_specs(specs)


def load(registry, plugins):
    """Loads them; says whether all could be. What could not is reported on standard error, in a line each."""
    from time import perf_counter

    manager = registry.plugin_manager()
    for plugin in plugins:
        registry.installed.append(plugin)
        other = manager.get_plugin(plugin.name)
        if other is not None:
            plugin.failure = f"another plugin has the name {plugin.name}"
            _complain(plugin, "Uninstall one of the two")
            continue
        began = perf_counter()
        try:
            manager.register(resolve(plugin.value), plugin.name)
        except (Exception, SystemExit) as error:
            _forget(manager, plugin.name)
            plugin.failure = cause_of(error)
            remedy = "Install what it needs" if isinstance(error, ImportError) else "Update it"
            _complain(plugin, remedy)
        plugin.seconds = perf_counter() - began
    return not any(plugin.failure for plugin in plugins)


def resolve(value):
    module, _, attribute = value.partition("[")[0].partition(":")
    module = module.strip()
    __import__(module)
    plugin = sys.modules[module]
    for name in attribute.strip().split("."):
        plugin = getattr(plugin, name) if name else plugin
    return plugin


def _forget(manager, name):
    """What was registered before a hook of it turned out to be wrong."""
    if manager.has_plugin(name):
        manager.unregister(name=name)


def _complain(plugin, remedy):
    _say(
        f"The plugin {plugin.name} of {plugin.distribution} {plugin.version} is not loaded: {plugin.failure}. "
        f"Everything else works without it. {remedy}, or remove it: "
        f"{sys.executable} -m pip uninstall {plugin.distribution}"
    )


def _say(line):
    sys.stderr.write(f"vdk: {line}\n")


def cause_of(error):
    """The exception in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split()) or 'it does not say why'}"


# The program's own


class CorePlugin:
    """Implementations of the program: each attribute is one hook."""


def register_core(registry, name, implementations):
    """Registers implementations of the program, (hook, order, function) each, as one plugin."""
    plugin = CorePlugin()
    for hook, order, call in implementations:
        marker = hookimpl(tryfirst=order == "first", trylast=order == "last")
        setattr(plugin, hook, marker(_NAMED[hook](call)))
    manager = registry.plugin_manager()
    # What a plugin module registers later under the name of an earlier one.
    unique, number = name, 1
    while manager.has_plugin(unique):
        number += 1
        unique = f"{name}-{number}"
    manager.register(plugin, unique)


# Managers pass arguments by the names of parameters.
_NAMED = {
    "vdk_start": lambda call: (
        lambda plugin_registry, command_line_args: call(plugin_registry, command_line_args)
    ),
    "vdk_command_line": lambda call: lambda root_command: call(root_command),
    "vdk_configure": lambda call: lambda config_builder: call(config_builder),
    "vdk_initialize": lambda call: lambda context: call(context),
    "vdk_exception": lambda call: lambda exception: call(exception),
    "vdk_exit": lambda call: lambda context, exit_code: call(context, exit_code),
    "initialize_job": lambda call: lambda context: call(context),
    "run_job": lambda call: lambda context: call(context),
    "run_step": lambda call: lambda context, step: call(context, step),
    "finalize_job": lambda call: lambda context: call(context),
    "db_connection_validate_operation": lambda call: (
        lambda operation, parameters: call(operation, parameters)
    ),
    "db_connection_before_operation": lambda call: lambda operation: call(operation),
    "db_connection_on_operation_failure": lambda call: (
        lambda operation, exception: call(operation, exception)
    ),
}


# Hooks in which statements and steps are at work: there the ordinary rules say whose an exception is.
_AT_WORK = (
    "run_job",
    "run_step",
    "db_connection_validate_operation",
    "db_connection_before_operation",
    "db_connection_on_operation_failure",
)


def culprit(registry, error, hook):
    """The plugin in whose code an exception of a hook was raised, or an empty text; the exception remembers it.

    What plugins are to set up is the platform's to put right, unless the exception says otherwise.
    """
    if hook not in _AT_WORK:
        from vdk.internal.core import error_classifiers as blame

        if blame.get_exception_resolvable_by(error) is None:
            blame.set_exception_resolvable_by(error, blame.ResolvableBy.PLATFORM_ERROR)
    modules = {}
    for name, plugin in registry.list_plugins():
        module = getattr(plugin, "__module__", None) or getattr(plugin, "__name__", None)
        modules.setdefault(module, name)
    distributions = {plugin.name: plugin.distribution for plugin in registry.installed}
    found = ""
    trace = error.__traceback__
    while trace is not None:
        name = modules.get(trace.tb_frame.f_globals.get("__name__"))
        if name is not None:
            found = distributions.get(name) or name
        trace = trace.tb_next
    if found and not hasattr(error, "_vdk_hook"):
        try:
            error._vdk_hook = f"the hook {hook} of the plugin {found}"
        except AttributeError:
            pass  # a class that allows no attributes
    return found
