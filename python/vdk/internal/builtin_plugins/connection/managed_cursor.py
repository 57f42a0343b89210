"""A cursor whose statements pass through hooks, and through the methods of their connection."""

from vdk.internal.builtin_plugins.connection.database_managed_connection import (
    IDatabaseManagedConnection,
)
from vdk.internal.builtin_plugins.connection.decoration_cursor import (
    DecorationCursor,
    ManagedOperation,
)
from vdk.internal.builtin_plugins.connection.execution_cursor import ExecutionCursor
from vdk.internal.builtin_plugins.connection.proxy_cursor import ProxyCursor

_PLAIN = IDatabaseManagedConnection()


class ManagedCursor(ProxyCursor):
    def __init__(
        self, cursor, log=None, connection_hook_spec_factory=None, managed_database_connection=None
    ):
        super().__init__(cursor, log)
        self.__hooks = connection_hook_spec_factory
        self.__connection = (
            managed_database_connection if managed_database_connection is not None else _PLAIN
        )

    def execute(self, operation, parameters=None):
        """Executes a statement and returns an ExecuteOperationResult, or None where it had to be recovered."""
        managed = ManagedOperation(operation, parameters)
        run = _Run(self._cursor, self._log, self.__connection, managed)
        run.validate()
        try:
            if self.__hooks is not None:
                self.__hooks.run_operation(managed, run.execute, run.recover)
            else:
                run.execute_alone()
        except Exception as error:
            _blame_user(error)
            raise
        return run.result


class _Run:
    """One statement."""

    def __init__(self, cursor, log, connection, managed):
        self.cursor = cursor
        self.log = log
        self.connection = connection
        self.managed = managed
        self.result = None

    def validate(self):
        try:
            self.connection.db_connection_validate_operation(
                self.managed.get_initial_operation(), self.managed.get_initial_parameters()
            )
        except Exception as error:
            _blame_user(error)
            raise

    def execute(self):
        self.decorate(self.cursor, self.managed)
        cursor = ExecutionCursor(self.cursor, self.managed, self.log)
        self.result = self.connection.db_connection_execute_operation(cursor)
        self.connection.db_connection_after_operation(cursor)

    def decorate(self, cursor, managed):
        self.connection.db_connection_decorate_operation(
            DecorationCursor(cursor, self.log, managed)
        )

    def recover(self, error):
        """Whether the connection saved the statement. Raises where it failed in another way than the statement did."""
        from vdk.internal.builtin_plugins.connection.recovery_cursor import RecoveryCursor

        self.result = None
        cursor = RecoveryCursor(self.cursor, self.log, error, self.managed, self.decorate)
        try:
            self.connection.db_connection_recover_operation(cursor)
        except Exception as second:
            if second is error or (type(second) is type(error) and second.args == error.args):
                return False
            raise second from error
        self.connection.db_connection_after_operation(
            ExecutionCursor(self.cursor, self.managed, self.log)
        )
        return True

    def execute_alone(self):
        """Without hooks, for connections outside a job."""
        try:
            self.execute()
        except Exception as error:
            if not self.recover(error):
                raise


def _blame_user(error):
    from vdk.internal.core.error_classifiers import (
        ResolvableBy,
        get_exception_resolvable_by,
        set_exception_resolvable_by,
    )

    if get_exception_resolvable_by(error) is None:
        set_exception_resolvable_by(error, ResolvableBy.USER_ERROR)
