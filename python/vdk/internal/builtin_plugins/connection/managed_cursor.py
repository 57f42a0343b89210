"""A cursor whose statements pass through hooks, and through the methods of their connection."""

from vdk.internal.builtin_plugins.connection.database_managed_connection import (
    IDatabaseManagedConnection,
)
from vdk.internal.builtin_plugins.connection.decoration_cursor import (
    DecorationCursor,
    ManagedOperation,
)
from vdk.internal.builtin_plugins.connection.execution_cursor import (
    ExecuteOperationResult,
    ExecutionCursor,
)
from vdk.internal.builtin_plugins.connection.proxy_cursor import ProxyCursor

_PLAIN = IDatabaseManagedConnection()


class ManagedCursor(ProxyCursor):
    def __init__(
        self, cursor, log=None, connection_hook_spec_factory=None, managed_database_connection=None
    ):
        super().__init__(cursor, log)
        self._arrow = None  # the rows of the last statement, once somebody asked for them as Arrow
        self.__hooks = connection_hook_spec_factory
        self.__connection = (
            managed_database_connection if managed_database_connection is not None else _PLAIN
        )

    def execute(self, operation, parameters=None):
        """Executes a statement and returns an ExecuteOperationResult, which iterates over the rows."""
        self._arrow = None
        managed = ManagedOperation(operation, parameters)
        run = _Run(self._cursor, self._log, self.__connection, managed)
        try:
            self.__run(managed, run)
        except Exception as error:
            if not run.validated:  # refused by a hook
                _blame(error, on_platform=False)
            raise
        result = run.result
        if result is None:
            result = ExecuteOperationResult(None)
        if isinstance(result, ExecuteOperationResult):
            result._cursor = self
        return result

    def __run(self, managed, run):
        # The hooks of a run are the program's; elsewhere, in tests of plugins, they are a relay.
        if hasattr(type(self.__hooks), "run_operation"):
            self.__hooks.run_operation(managed, run)
            return
        from vdk import _native

        relay = None if self.__hooks is None else self.__hooks.get_connection_hook_spec()
        _native.run_operation(relay, managed, run, self._log)

    # Arrow

    def fetch_arrow(self):
        """The rows that are left, for whatever reads __arrow_c_stream__ (pyarrow, polars, DuckDB), in bounded memory."""
        if self._arrow is None:
            self._arrow = self.__arrow_rows()
        return self._arrow

    def __arrow_rows(self):
        native = self._cursor
        if hasattr(native, "fetch_arrow"):  # a driver of ours, or one of ADBC
            return native.fetch_arrow()
        if hasattr(native, "to_arrow_reader"):  # DuckDB, which needs pyarrow for it
            try:
                return native.to_arrow_reader(_ARROW_ROWS)
            except ImportError:
                pass
        from vdk import _native

        return _native.rows_as_arrow(native)

    def __arrow_c_stream__(self, requested_schema=None):
        return self.fetch_arrow().__arrow_c_stream__(requested_schema)

    def fetch_arrow_table(self):
        """The rows that are left, as a table of pyarrow."""
        import pyarrow

        return pyarrow.table(self)


_ARROW_ROWS = 65_536  # of one batch


class _Run:
    """The connection's part in the life of one statement."""

    def __init__(self, cursor, log, connection, managed):
        self.cursor = cursor
        self.log = log
        self.connection = connection
        self.managed = managed
        self.validated = False
        self.result = None

    def validate(self):
        try:
            self.connection.db_connection_validate_operation(
                operation=self.managed.get_initial_operation(),
                parameters=self.managed.get_initial_parameters(),
            )
        except Exception as error:
            _blame(error, on_platform=False)
            raise
        self.validated = True

    def decorate(self):
        try:
            self.connection.db_connection_decorate_operation(
                decoration_cursor=DecorationCursor(self.cursor, self.log, self.managed)
            )
        except Exception as error:
            _blame(error, on_platform=True)
            raise

    def execute(self):
        try:
            self.result = self.connection.db_connection_execute_operation(
                execution_cursor=ExecutionCursor(self.cursor, self.managed, self.log)
            )
        except Exception as error:
            from vdk.host.database_errors import blamed_on_platform

            _blame(error, blamed_on_platform(error))
            raise

    def after(self):
        self.connection.db_connection_after_operation(
            execution_cursor=ExecutionCursor(self.cursor, self.managed, self.log)
        )

    def recover(self, error):
        """Whether the connection saved the statement. Raises where it failed in another way than the statement did."""
        from vdk.internal.builtin_plugins.connection.recovery_cursor import RecoveryCursor

        cursor = RecoveryCursor(
            self.cursor,
            self.log,
            error,
            self.managed,
            self.connection.db_connection_decorate_operation,
        )
        try:
            self.connection.db_connection_recover_operation(recovery_cursor=cursor)
        except Exception as second:
            if second is error or (type(second) is type(error) and second.args == error.args):
                return False
            raise second from error
        self.result = None
        return True


def _blame(error, on_platform):
    """Notes who can act, unless the exception says so itself."""
    from vdk.internal.core.error_classifiers import (
        ResolvableBy,
        get_exception_resolvable_by,
        set_exception_resolvable_by,
    )

    if get_exception_resolvable_by(error) is None:
        set_exception_resolvable_by(
            error, ResolvableBy.PLATFORM_ERROR if on_platform else ResolvableBy.USER_ERROR
        )
