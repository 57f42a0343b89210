"""The connection that plugins derive theirs from."""

from vdk.api.job_input import IManagedConnection
from vdk.internal.builtin_plugins.connection.database_managed_connection import (
    IDatabaseManagedConnection,
)
from vdk.internal.builtin_plugins.connection.managed_cursor import ManagedCursor
from vdk.internal.builtin_plugins.connection.pep249.interfaces import LazyLogger, PEP249Connection

# How drivers say that a statement has no result set.
_NO_RESULT_SET = (
    "No results.  Previous SQL was not a query.",  # pyodbc
    "Trying to fetch results on an operation with no results.",  # impyla
    "no results to fetch",  # psycopg
)
_NO_RESULT_SET_CODES = ("DPY-1003",)  # oracledb


_PROBE = " select 1 -- Testing if connection is alive."


class _Retrying:
    """How often and how patiently a connection is tried: `wait` is called with the number of the attempt that failed."""

    def __init__(self):
        self.attempts = 5
        self.wait = _jittered


def _jittered(state):
    """Growing, bounded, and not the same for all that failed together."""
    import random

    return random.uniform(0.5, 1) * min(0.5 * 3 ** (state.attempt_number - 1), 15)


class _Attempt:
    def __init__(self, number, error):
        self.attempt_number = number
        self.error = error


class _Connect:
    """The method `connect`. Its waiting is public (`ManagedConnectionBase.connect.retry.wait`): tests shorten it."""

    def __init__(self):
        self.retry = _Retrying()

    def __get__(self, connection, owner=None):
        return self if connection is None else lambda: self(connection)

    def __call__(self, connection):
        number = 0
        while not connection._is_db_con_open:
            number += 1
            try:
                connection._db_con = connection._connect()
                connection._is_db_con_open = True
            except Exception as error:
                from vdk.host.database_errors import is_transient

                if number >= self.retry.attempts or not is_transient(error):
                    raise
                seconds = self.retry.wait(_Attempt(number, error))
                connection._log.warning(
                    "Connecting failed, the next attempt is in %.1f seconds: %s", seconds, error
                )
                import time

                time.sleep(seconds)
        return connection


class ManagedConnectionBase(PEP249Connection, IManagedConnection, IDatabaseManagedConnection):
    """A database connection whose statements pass through hooks. Subclasses implement `_connect`."""

    def __init__(self, log=None, db_con=None, connection_hook_spec_factory=None):
        self._log = log if log is not None else LazyLogger(type(self).__module__)
        self._is_db_con_open = db_con is not None
        self._db_con = db_con
        self._connection_hook_spec_factory = connection_hook_spec_factory

    connect = _Connect()

    def _connect(self):
        """Opens the connection and returns the driver's object."""
        raise NotImplementedError

    def execute_query(self, query):
        """Executes a statement and returns all rows, or None where there is no result set."""
        cursor = self._cursor()
        try:
            cursor.execute(query)
            return _all_rows(cursor)
        finally:
            self._close_cursor(cursor)

    def stream_query(self, query):
        """Executes a statement and returns its cursor: rows are read from the database as they are asked for."""
        cursor = self._cursor()
        try:
            cursor.execute(query)
        except BaseException:
            self._close_cursor(cursor)
            raise
        return cursor

    def _close_cursor(self, cursor):
        try:
            cursor.close()
        except Exception as error:
            self._log.debug("Closing a cursor failed: %s", error)

    def cursor(self, *args, **kwargs):
        return self._managed(self._connection_hook_spec_factory, *args, **kwargs)

    def _managed(self, hooks, *args, **kwargs):
        if self._db_con is None:
            self.connect()
        return ManagedCursor(self._db_con.cursor(*args, **kwargs), self._log, hooks, self)

    def _cursor(self):
        self.connect()
        return self.cursor()

    def commit(self, *args, **kwargs):
        if hasattr(self._db_con, "commit"):
            return self._db_con.commit(*args, **kwargs)
        return super().commit()

    def rollback(self, *args, **kwargs):
        if hasattr(self._db_con, "rollback"):
            return self._db_con.rollback(*args, **kwargs)
        return super().rollback()

    def close(self, *args, **kwargs):
        """Closes the connection where it is open. What the driver says about closing is not worth a failed job."""
        if not self.__dict__.get("_is_db_con_open"):
            return
        self._is_db_con_open = False
        try:
            self._db_con.close()
        except Exception as error:
            self._log.warning("Closing a database connection failed: %s", error)

    def _is_connected(self):
        if not self._is_db_con_open:
            return False
        # Outside of the hooks: the program asks through them where a plugin listens.
        try:
            cursor = self._db_con.cursor()
            try:
                cursor.execute(_PROBE)
                return True
            finally:
                self._close_cursor(cursor)
        except Exception as error:
            from vdk.host.database_errors import server_answered

            self._log.debug("The probe of the connection failed: %s", error)
            return server_answered(error)

    def __getattr__(self, attribute):
        native = self.__dict__.get("_db_con")
        if native is None or attribute.startswith("__"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {attribute!r}")
        return getattr(native, attribute)

    def __setattr__(self, attribute, value):
        # What is the driver's (autocommit, isolation_level, row_factory) is set there.
        native = self.__dict__.get("_db_con")
        if (
            native is None
            or attribute.startswith("_")
            or attribute in self.__dict__
            or hasattr(type(self), attribute)
            or not hasattr(native, attribute)
        ):
            object.__setattr__(self, attribute, value)
        else:
            setattr(native, attribute, value)

    def __enter__(self):
        return self

    def __exit__(self, exception_type, exception_value, traceback):
        self.close()

    def __del__(self):
        self.close()

    def __str__(self):
        return f"ManagedConnection[ isConnected:{self._is_db_con_open} {self._db_con} ]"

    def __eq__(self, other):
        if isinstance(other, ManagedConnectionBase):
            return self._db_con == other._db_con
        return self._db_con == other

    def __hash__(self):
        return hash(self._db_con)


def _all_rows(cursor):
    try:
        return cursor.fetchall()
    except Exception as error:
        text = str(error)
        code = getattr(error.args[0] if error.args else None, "full_code", text)
        if text in _NO_RESULT_SET or any(str(code).startswith(no) for no in _NO_RESULT_SET_CODES):
            return None
        from vdk.host.database_errors import blamed_on_platform
        from vdk.internal.core.error_classifiers import (
            ResolvableBy,
            get_exception_resolvable_by,
            set_exception_resolvable_by,
        )

        if get_exception_resolvable_by(error) is None:
            set_exception_resolvable_by(
                error,
                ResolvableBy.PLATFORM_ERROR
                if blamed_on_platform(error)
                else ResolvableBy.USER_ERROR,
            )
        raise
