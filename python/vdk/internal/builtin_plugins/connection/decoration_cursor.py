"""A statement on its way through the life cycle of a connection, and the cursor for changing it."""

from vdk.internal.builtin_plugins.connection.pep249.interfaces import PEP249Cursor


class ManagedOperation:
    """A statement with its parameters, as it came and as it has become."""

    def __init__(self, operation, parameters=None):
        self._initial = self._current = (operation, parameters)

    def get_initial_operation(self):
        return self._initial[0]

    def get_initial_parameters(self):
        return self._initial[1]

    def get_operation(self):
        return self._current[0]

    def get_parameters(self):
        return self._current[1]

    def get_operation_parameters_tuple(self):
        return self._current

    def set_operation(self, decorated_operation):
        self._current = (decorated_operation, self._current[1])

    def set_parameters(self, decorated_parameters):
        self._current = (self._current[0], decorated_parameters)

    def set_operation_parameters_tuple(self, decorated_operation, decorated_parameters):
        self._current = (decorated_operation, decorated_parameters)


class DecorationCursor(PEP249Cursor):
    """For db_connection_decorate_operation: what it executes passes no hook."""

    def __init__(self, native_cursor, log, managed_operation):
        super().__init__(native_cursor, log)
        self._managed_operation = managed_operation

    def get_managed_operation(self):
        return self._managed_operation

    def execute(self, operation, parameters=None):
        self._log.debug("Executing while decorating a statement:\n%s", operation)
        return super().execute(operation, parameters)
