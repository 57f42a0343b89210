"""The cursor with which a connection tries to save a statement that failed."""

from vdk.internal.builtin_plugins.connection.decoration_cursor import (
    DecorationCursor,
    ManagedOperation,
)
from vdk.internal.builtin_plugins.connection.pep249.interfaces import PEP249Cursor


class RecoveryCursor(PEP249Cursor):
    def __init__(
        self, native_cursor, log, exception, managed_operation, decoration_operation_callback
    ):
        super().__init__(native_cursor, log)
        self._exception = exception
        self._managed_operation = managed_operation
        self._decorate = decoration_operation_callback  # takes a DecorationCursor
        self._retries = 0

    def get_exception(self):
        return self._exception

    def get_managed_operation(self):
        return self._managed_operation

    def get_retries(self):
        return self._retries

    def retries_increment(self):
        self._retries += 1

    def execute(self, operation, parameters=None):
        """Executes a helping statement, decorated as all others; a failure counts as a retry."""
        helper = ManagedOperation(operation, parameters)
        if self._decorate:
            self._decorate(decoration_cursor=DecorationCursor(self._cursor, self._log, helper))
        try:
            return super().execute(*helper.get_operation_parameters_tuple())
        except Exception:
            self.retries_increment()
            raise

    def retry_operation(self):
        """Executes the failed statement once more."""
        self.retries_increment()
        self._log.info("Retrying the statement, attempt %d", self._retries)
        return super().execute(*self._managed_operation.get_operation_parameters_tuple())
