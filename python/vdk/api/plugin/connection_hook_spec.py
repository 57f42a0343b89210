"""What plugins may implement in the life of a statement on a managed connection."""

from vdk.api.plugin.hook_markers import hookspec


class ConnectionHookSpec:
    @hookspec
    def db_connection_validate_operation(self, operation, parameters):
        """Raises where the statement, as it was written, must not be executed."""

    @hookspec
    def db_connection_before_operation(self, operation):
        """Changes the ManagedOperation before it is executed; called again where it has failed."""

    @hookspec
    def db_connection_on_operation_failure(self, operation, exception):
        """The ManagedOperation has failed. What this raises takes the place of its exception."""
