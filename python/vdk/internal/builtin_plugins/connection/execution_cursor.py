"""The cursor on which a statement is executed."""

from vdk.internal.builtin_plugins.connection.proxy_cursor import ProxyCursor


class ExecuteOperationResult:
    """What the driver gave for a statement. Iterating gives the rows."""

    _cursor = None  # the cursor that executed it

    def __init__(self, native_result):
        self._native_result = native_result

    def get_native_result(self):
        return self._native_result

    def __iter__(self):
        # Drivers give their cursor, or nothing, or a number.
        if hasattr(self._native_result, "__iter__"):
            return iter(self._native_result)
        source = self._cursor if self._cursor is not None else self._native_result
        if not hasattr(source, "fetchone") or getattr(source, "description", ()) is None:
            return iter(())
        return iter(source.fetchone, None)


class ExecutionCursor(ProxyCursor):
    def __init__(self, native_cursor, managed_operation, log=None):
        super().__init__(native_cursor, log)
        self._managed_operation = managed_operation

    def get_managed_operation(self):
        return self._managed_operation
