"""The databases that native drivers of the program speak to, with the interface of PEP 249."""

from vdk.internal.builtin_plugins.connection.managed_connection_base import ManagedConnectionBase

apilevel = "2.0"
threadsafety = 2  # threads may share the module and connections; statements wait for each other
paramstyle = "pyformat"  # and "format" and "qmark"


class Warning(Exception):
    pass


class Error(Exception):
    pass


class InterfaceError(Error):
    pass


class DatabaseError(Error):
    pass


class DataError(DatabaseError):
    pass


class OperationalError(DatabaseError):
    pass


class IntegrityError(DatabaseError):
    pass


class InternalError(DatabaseError):
    pass


class ProgrammingError(DatabaseError):
    pass


class NotSupportedError(DatabaseError):
    pass


_ERRORS = {
    kind.__name__: kind
    for kind in (
        InterfaceError,
        DatabaseError,
        DataError,
        OperationalError,
        IntegrityError,
        InternalError,
        ProgrammingError,
        NotSupportedError,
    )
}


def from_core(type_name, resolvable_by, what, why, consequence, countermeasure, transient):
    """The exception for an error of a native driver."""
    from vdk.internal.core.error_classifiers import ResolvableBy, set_exception_resolvable_by

    by = ResolvableBy(resolvable_by)
    kind = _ERRORS.get(type_name)
    if kind is None:
        kind = ProgrammingError if by == ResolvableBy.USER_ERROR else OperationalError
    error = kind("\n".join(part for part in (what, why, consequence, countermeasure) if part))
    set_exception_resolvable_by(error, by)
    error._vdk_transient = transient
    return error


def connect(opener):
    return Connection(opener.open())


class Connection:
    """A connection of a native driver. Every statement is its own transaction unless the text says BEGIN."""

    def __init__(self, native):
        self._native = native

    def cursor(self):
        if not self._native.is_open:
            raise InterfaceError("The connection is closed.")
        return Cursor(self, self._native.cursor())

    def commit(self):
        """Ends the transaction that a statement began; without one every statement is committed already."""
        self._native.end_transaction("COMMIT")

    def rollback(self):
        """Undoes the transaction that a statement began; without one there is nothing to undo."""
        self._native.end_transaction("ROLLBACK")

    def close(self):
        self._native.close()

    def interrupt(self):
        self._native.interrupt()

    @property
    def description(self):
        return self._native.description

    def __enter__(self):
        return self

    def __exit__(self, exception_type, exception_value, traceback):
        self.close()


for _kind in (Warning, Error, *_ERRORS.values()):
    setattr(Connection, _kind.__name__, _kind)


class Cursor:
    """The statements of a connection, one at a time. Rows are read from the database as they are fetched."""

    arraysize = 1

    def __init__(self, connection, native):
        self.connection = connection
        self._native = native

    @property
    def description(self):
        return self._open().description

    @property
    def rowcount(self):
        return self._open().changed_rows

    def execute(self, operation, parameters=None):
        self._open().execute(operation, parameters)
        return self

    def executemany(self, operation, seq_of_parameters):
        changed = 0
        for parameters in seq_of_parameters:
            self.execute(operation, parameters)
            changed = -1 if -1 in (changed, self.rowcount) else changed + self.rowcount
        return self

    def fetchone(self):
        rows = self._open().fetch(1)
        return rows[0] if rows else None

    def fetchmany(self, size=None):
        return self._open().fetch(self.arraysize if size is None else max(size, 0))

    def fetchall(self):
        return self._open().fetch(-1)

    def callproc(self, procname, parameters=None):
        raise NotSupportedError("Write the call as a statement.")

    def nextset(self):
        return None

    def setinputsizes(self, sizes):
        """Sizes make no difference here."""

    def setoutputsize(self, size, column=None):
        """Sizes make no difference here."""

    def close(self):
        native, self._native = self._native, None
        if native is not None:
            native.close()

    def _open(self):
        if self._native is None:
            raise InterfaceError("The cursor is closed.")
        return self._native

    def fetch_arrow(self):
        """The rows that are left, for whatever reads __arrow_c_stream__."""
        return self._open().arrow()

    def __iter__(self):
        return self

    def __next__(self):
        row = self.fetchone()
        if row is None:
            raise StopIteration
        return row

    def __enter__(self):
        return self

    def __exit__(self, exception_type, exception_value, traceback):
        self.close()


class NativeDatabase(ManagedConnectionBase):
    """The managed connection of a native driver."""

    def __init__(self, opener):
        super().__init__()
        self._opener = opener

    def _connect(self):
        if self._opener is None:
            raise InterfaceError("The connection belongs to a job that has ended.")
        return connect(self._opener)

    @property
    def _standard_literals(self):
        return self._db_con is not None and self._db_con._native.standard_literals

    def _is_connected(self):
        return self._is_db_con_open and self._db_con._native.answers()

    def _retire(self):
        self._opener = None
