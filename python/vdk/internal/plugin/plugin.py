"""The registry of plugins."""

from vdk.api.plugin.hook_markers import GROUP_NAME
from vdk.api.plugin.plugin_registry import IPluginRegistry, PluginException
from vdk.internal.plugin.plugin_manager import VdkPluginManager


class PluginRegistry(IPluginRegistry):
    def __init__(self, group_name=GROUP_NAME, plugin_manager=None):
        self._group_name = group_name
        self._manager = (
            plugin_manager if plugin_manager is not None else VdkPluginManager(group_name)
        )
        self._all_loaded = False
        self.installed = []  # vdk.host.plugins.InstalledPlugin, of the entry points

    def plugin_manager(self):
        return self._manager

    def hook(self):
        return self._manager.hook

    def list_plugins(self):
        return self._manager.list_name_plugin()

    def has_plugin(self, name):
        return self._manager.has_plugin(name)

    def is_plugin_load_success(self):
        return self._all_loaded

    def load_plugin_with_hooks_impl(self, module_or_class_with_hook_impls, name=None):
        try:
            self._manager.register(module_or_class_with_hook_impls, name)
        except Exception as error:
            label = name or getattr(
                module_or_class_with_hook_impls,
                "__name__",
                type(module_or_class_with_hook_impls).__name__,
            )
            raise PluginException(f"The plugin {label} cannot be registered: {error}") from error

    def add_hook_specs(self, module_or_class_with_hook_specs):
        try:
            self._manager.add_hookspecs(module_or_class_with_hook_specs)
        except Exception as error:
            raise PluginException(f"Hooks cannot be made known: {error}") from error

    def load_plugins_from_setuptools_entrypoints(self):
        """Loads what is installed. Each plugin that cannot be loaded is reported; the others are there."""
        from vdk.host import plugins

        self._all_loaded = plugins.load(self, plugins.installed(self._group_name))
