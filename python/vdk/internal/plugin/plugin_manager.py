"""pluggy's manager, which tells the program what its plugins implement."""

import pluggy


class VdkPluginManager(pluggy.PluginManager):
    def __init__(self, group_name="vdk.plugin.run"):
        super().__init__(group_name)
        self._own = ()  # classes whose instances the program itself registers
        self._hear = None

    def listen(self, hear, own):
        """Calls `hear` with the name of every hook that somebody else than an `own` implements."""
        self._hear = hear
        self._own = own
        for plugin in self.get_plugins():
            self._tell_of(plugin)

    def parse_hookimpl_opts(self, plugin, name):
        # Asked for every attribute there is: those of every object cost more than those of the plugin.
        return None if name.startswith("__") else super().parse_hookimpl_opts(plugin, name)

    def parse_hookspec_opts(self, module_or_class, name):
        return None if name.startswith("__") else super().parse_hookspec_opts(module_or_class, name)

    def register(self, plugin, name=None):
        registered = super().register(plugin, name)
        if registered is not None:
            self._tell_of(plugin)
        return registered

    def _tell_of(self, plugin):
        if self._hear is None or isinstance(plugin, self._own):
            return
        for hook in self.get_hookcallers(plugin) or ():
            self._hear(hook.name)
