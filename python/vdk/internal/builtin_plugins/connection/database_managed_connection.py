"""What a kind of connection may change in the life of a statement. Each method is called once a statement."""

from vdk.internal.builtin_plugins.connection.execution_cursor import ExecuteOperationResult


class IDatabaseManagedConnection:
    def db_connection_validate_operation(self, operation, parameters):
        """Raises where the statement must not be executed."""

    def db_connection_decorate_operation(self, decoration_cursor):
        """Changes the statement before it is executed."""

    def db_connection_execute_operation(self, execution_cursor):
        """Executes the statement and returns an ExecuteOperationResult."""
        operation, parameters = (
            execution_cursor.get_managed_operation().get_operation_parameters_tuple()
        )
        return ExecuteOperationResult(execution_cursor.execute(operation, parameters))

    def db_connection_recover_operation(self, recovery_cursor):
        """Saves a statement that failed, or raises."""
        raise recovery_cursor.get_exception()

    def db_connection_after_operation(self, execution_cursor):
        """Called after a statement has succeeded."""
