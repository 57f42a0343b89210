"""What `vdk plugins` and `vdk doctor` tell of the plugins of Python that were loaded."""

import builtins
import sys
from time import perf_counter

from vdk.host.plugins import distribution_of


class WatchedImports:
    """While it is entered, notes what the import statements of plugins cost, by the module that has them."""

    def __init__(self):
        self.seconds = {}  # by importing module, then by the package that it imports

    def __enter__(self):
        self._import = builtins.__import__
        builtins.__import__ = self._timed
        return self

    def __exit__(self, *failure):
        builtins.__import__ = self._import

    # The names of the parameters are those of __import__, which some call with keywords.
    def _timed(self, name, globals=None, locals=None, fromlist=(), level=0):
        known = len(sys.modules)
        began = perf_counter()
        try:
            return self._import(name, globals, locals, fromlist, level)
        finally:
            if level == 0 and globals is not None and len(sys.modules) != known:
                own = self.seconds.setdefault(globals.get("__name__", ""), {})
                own[name] = own.get(name, 0.0) + perf_counter() - began


def loaded(registry, root_command, imports):
    """(distribution, seconds, cause of a failure, contributions, hooks, imports) of each that is in the registry.

    `imports` are WatchedImports or None; they are given as (module, seconds), the slowest first.
    """
    plugins = [*registry.installed, *getattr(root_command, "installed", ())]
    hooks = _hooks(registry)
    commands = _commands(registry, root_command)
    return [
        (
            name,
            sum(plugin.seconds for plugin in plugins if plugin.distribution == name),
            "; ".join(
                f"{plugin.name}: {plugin.failure}"
                for plugin in plugins
                if plugin.distribution == name and plugin.failure
            ),
            commands.get(name, []),
            hooks.get(name, []),
            _slowest(registry, name, imports),
        )
        for name in dict.fromkeys(plugin.distribution for plugin in plugins)
    ]


def _hooks(registry):
    """The hooks of each distribution, those of objects that its modules registered among them."""
    manager = registry.plugin_manager()
    distributions = {plugin.name: plugin.distribution for plugin in registry.installed}
    found = {}
    for name, plugin in registry.list_plugins():
        if plugin is None:
            continue
        owner = distributions.get(name) or distribution_of(registry, _module_of(plugin))
        if not owner:
            continue
        known = found.setdefault(owner, [])
        for caller in manager.get_hookcallers(plugin) or ():
            for implementation in caller.get_hookimpls():
                if implementation.plugin is plugin:
                    text = ":".join((caller.name, *_order(implementation)))
                    if text not in known:
                        known.append(text)
    return found


def _order(implementation):
    if implementation.tryfirst:
        yield "first"
    if implementation.trylast:
        yield "last"
    if implementation.hookwrapper or getattr(implementation, "wrapper", False):
        yield "wrapper"


def _commands(registry, root_command):
    found = {}
    for name, command in (getattr(root_command, "commands", None) or {}).items():
        owner = distribution_of(registry, _module_of_command(command))
        if owner:
            found.setdefault(owner, []).append(f"command {name}")
    return found


def _module_of(plugin):
    return getattr(plugin, "__module__", None) or getattr(plugin, "__name__", "") or ""


def _module_of_command(command):
    if command.callback is not None:
        return _module_of(command.callback)
    return next(
        (_module_of_command(each) for each in (getattr(command, "commands", None) or {}).values()),
        "",
    )


def _slowest(registry, distribution, imports):
    """What the plugin's own modules import of others, but for the program's own modules."""
    costs = {}
    for importer, imported in imports.seconds.items() if imports else ():
        if distribution_of(registry, importer) != distribution:
            continue
        for module, seconds in imported.items():
            owner = distribution_of(registry, module)
            package = owner or module.partition(".")[0]
            if owner != distribution and package != "vdk":
                costs[package] = costs.get(package, 0.0) + seconds
    return sorted(costs.items(), key=lambda cost: -cost[1])
