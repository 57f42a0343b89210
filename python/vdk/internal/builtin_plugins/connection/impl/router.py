"""Connections by their types, as plugins get them of a job, and for who has none: tests of plugins."""

from vdk.api.plugin.plugin_input import IManagedConnectionRegistry
from vdk.host import job_registries


class ManagedConnectionRouter(IManagedConnectionRegistry):
    def __init__(self, cfg, connection_hook_spec_factory):
        self._configuration = cfg
        self._hooks = connection_hook_spec_factory
        self._factories = {}
        self._open = {}

    def add_open_connection_factory_method(self, dbtype, open_connection_func):
        self._factories[dbtype.lower()] = open_connection_func

    def open_default_connection(self):
        """Of the type that `db_default_type` names, or of the only one there is."""
        dbtype = self._configuration.get_value("db_default_type")
        if dbtype is None and len(self._factories) == 1:
            (dbtype,) = self._factories
        return self.open_connection(dbtype)

    def open_connection(self, dbtype):
        """The open connection of the type: one and the same at every call."""
        dbtype = dbtype.lower() if dbtype else None
        connection = self._open.get(dbtype)
        if connection is None:
            connection = self._open[dbtype] = self._made(dbtype)
        if not connection._is_connected():
            connection.connect()
        return connection

    def _made(self, dbtype):
        from vdk.host.connections import open_registered
        from vdk.internal.core.errors import VdkConfigurationError

        if dbtype not in self._factories:
            known = ", ".join(self._factories) or "none"
            raise VdkConfigurationError(
                f"There is no database of the type '{dbtype}'. Registered are: {known}."
            )
        made = open_registered(self._factories[dbtype], dbtype)
        if made is None:
            raise VdkConfigurationError(
                f"The plugin for the database type '{dbtype}' gave no connection."
            )
        if not made._connection_hook_spec_factory:
            made._connection_hook_spec_factory = self._hooks
        return made


ManagedConnectionRouter.register(job_registries.Connections)
