"""Where the hooks of connections are found."""

from vdk.internal.builtin_plugins.connection.database_managed_connection import (
    IDatabaseManagedConnection,
)


class ConnectionHookSpecFactory:
    def __init__(self, plugin_registry):
        self._plugin_registry = plugin_registry

    def get_connection_hook_spec(self):
        """The relay of the plugin registry: an attribute for each hook."""
        if self._plugin_registry is None:
            from vdk.internal.core.errors import PlatformServiceError

            raise PlatformServiceError(
                "The hooks of database connections cannot be called: there is no plugin registry."
            )
        return self._plugin_registry.hook()


class DefaultConnectionHookImpl(IDatabaseManagedConnection):
    """What a connection does of itself. Kept as a name that tests of plugins use."""
