"""A managed connection around any connection of PEP 249."""

from vdk.internal.builtin_plugins.connection.managed_connection_base import ManagedConnectionBase


class WrappedConnection(ManagedConnectionBase):
    """Opens its connection by the function of a plugin, again and again if need be."""

    def __init__(self, log, new_connection_builder_function, connection_hook_spec_factory):
        super().__init__(log, None, connection_hook_spec_factory)
        self._new_connection_builder_function = new_connection_builder_function

    def _connect(self):
        return self._new_connection_builder_function()
