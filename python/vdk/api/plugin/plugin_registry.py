"""The registry of plugins, as `vdk_start` gets it."""

from abc import ABCMeta, abstractmethod

import pluggy

# What a wrapper of the old style gets from its `yield`. The class has had two names.
HookCallResult = getattr(pluggy, "Result", None) or pluggy.callers._Result


class PluginException(Exception):
    """A plugin could not be registered."""


class PluginHookRelay:
    """What `IPluginRegistry.hook()` gives: an attribute for each hook, which is called with keywords."""


class IPluginRegistry(metaclass=ABCMeta):
    @abstractmethod
    def load_plugin_with_hooks_impl(self, module_or_class_with_hook_impls, name=None):
        """Registers an object whose attributes implement hooks: a module, a class or an instance."""

    @abstractmethod
    def add_hook_specs(self, module_or_class_with_hook_specs):
        """Makes hooks of a plugin's own known."""

    @abstractmethod
    def has_plugin(self, name):
        """Whether a plugin of this name is registered."""

    @abstractmethod
    def list_plugins(self):
        """(name, object) of every plugin."""

    @abstractmethod
    def is_plugin_load_success(self):
        """Whether every installed plugin was loaded."""

    @abstractmethod
    def hook(self):
        """The relay through which hooks are called."""
