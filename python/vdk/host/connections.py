"""The databases that a Python process opens itself, through the modules that a job's own code uses: one engine per file."""

import os
import sys

from vdk.internal.builtin_plugins.connection.execution_cursor import ExecuteOperationResult
from vdk.internal.builtin_plugins.connection.managed_connection_base import ManagedConnectionBase


def execute_for_core(connection, text, hooks):
    """A statement of the core, with its whole life; returns the cursor."""
    cursor = connection._managed(hooks)
    cursor.execute(text)
    return cursor


def open_registered(factory, dbtype):
    """The open managed connection of what a plugin registered; None where the plugin gives nothing."""
    made = factory()
    if made is None or isinstance(made, ManagedConnectionBase):
        return made if made is None else made.connect()
    from vdk.internal.builtin_plugins.connection.impl.wrapped_connection import WrappedConnection

    wrapped = WrappedConnection(None, factory, None)
    wrapped._db_con = made  # open already: the plugin's function is not called twice
    wrapped._is_db_con_open = True
    return wrapped


class _FileConnection(ManagedConnectionBase):
    """A database in a file. What does not open at once will not open by waiting."""

    _standard_literals = True  # a backslash in '…' is itself

    def __init__(self, file):
        super().__init__()
        self._file = file

    def connect(self):
        if not self._is_db_con_open:
            self._db_con = self._connect()
            self._is_db_con_open = True
        return self

    def _is_connected(self):
        # A file does not go away; what the engine says of it, it says of the statement.
        return self._is_db_con_open


class SqliteConnection(_FileConnection):
    def _connect(self):
        return open_sqlite(self._file)

    def db_connection_execute_operation(self, execution_cursor):
        operation, parameters = (
            execution_cursor.get_managed_operation().get_operation_parameters_tuple()
        )
        statements = (operation,)
        # The driver takes one statement at a time.
        if not parameters and ";" in operation:
            from vdk import _native

            split = _native.split_statements(operation)
            if len(split) > 1:
                statements = split
        at = 0
        for statement in statements:
            at = operation.find(statement, at)
            try:
                result = execution_cursor.execute(statement, parameters)
            except Exception as error:
                _note_place(error, operation, at)
                raise
            at += len(statement)
        return ExecuteOperationResult(result)


def _note_place(error, text, offset):
    """Whoever knows which file the text came from can say the line."""
    error._vdk_place = (text, text[:offset])


class DuckDbConnection(_FileConnection):
    def __init__(self, file, settings=""):
        super().__init__(file)
        self._settings = settings

    def _connect(self):
        return open_duckdb(self._file, self._settings)

    def db_connection_execute_operation(self, execution_cursor):
        operation, parameters = (
            execution_cursor.get_managed_operation().get_operation_parameters_tuple()
        )
        statements = (operation,)
        at = 0
        try:
            # The engine's parser takes the text whole; that it goes on one by one gives an error
            # a place.
            if not parameters and ";" in operation:
                split = self._db_con.extract_statements(operation)
                if len(split) > 1:
                    statements = split
            for statement in statements:
                text = getattr(statement, "query", operation)
                at = max(at, operation.find(text, at))
                result = execution_cursor.execute(statement, parameters)
                at += len(text)
        except Exception as error:
            # Of the places that the engine shows, those that its parser finds are right.
            shown = type(error).__name__ == "ParserException"
            _note_place(error, operation, _shown_line(str(error), operation) if shown else at)
            raise
        return ExecuteOperationResult(result)


def _shown_line(message, text):
    """Where the line begins that the engine's message shows, of a text that it was given."""
    _, mark, rest = message.rpartition("\nLINE ")
    number, _, _ = rest.partition(":")
    if not mark or not number.isdecimal():
        return 0
    lines = text.split("\n")
    return len("\n".join([*lines[: int(number) - 1], ""])) if int(number) <= len(lines) else 0


def open_sqlite(file, timeout_seconds=5):
    """A connection of the driver, for one thread at a time but not always the same."""
    import sqlite3

    try:
        # None: every statement is its own transaction unless the text says BEGIN.
        return sqlite3.connect(
            file, isolation_level=None, timeout=timeout_seconds, check_same_thread=False
        )
    except sqlite3.Error as error:
        raise _cannot_open("SQLite", file, error, "sqlite_file") from error


# What DuckDB takes while it opens a database only. All else is set later, so that a step that opens
# the same file needs no settings of its own.
OPENING_SETTINGS = ("access_mode", "allow_unsigned_extensions")


def open_duckdb(file, settings=""):
    """A connection of the driver; all of one process share the engine of the file."""
    module = duckdb_module()
    settings = _read_settings(settings)
    opening = {key: settings.pop(key) for key in OPENING_SETTINGS if key in settings}
    _remove_unfinished(file)
    try:
        connection = module.connect(file, config=opening)
    except module.Error as error:
        remedy = ""
        if "lock on file" in str(error):
            remedy = (
                "End the other process that has the file open, or use another file "
                "(duckdb_database)."
            )
        raise _cannot_open(
            f"DuckDB {module.__version__}", file, error, "duckdb_database", remedy
        ) from error
    _apply_settings(connection, settings)
    return connection


def _remove_unfinished(path):
    """What a process left that was killed while it made a file: as the native driver does (remove_unfinished)."""
    try:
        if os.stat(path).st_size >= 3 * 4096:
            return
        import fcntl

        with open(path, "r+b") as file:
            content = file.read(12)
            if not content or content[8:] == b"DUCK":
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(path)
    except OSError:
        pass  # opening the file itself tells why


def duckdb_module():
    """The engine's own module: `duckdb` itself imports three times as much, and both give the same connections."""
    known = sys.modules.get("duckdb") or sys.modules.get("_duckdb")
    if known is not None and hasattr(known, "connect"):
        return known
    try:
        import _duckdb as module
    except ImportError:
        try:
            import duckdb as module
        except ImportError as error:
            from vdk.host.complaints import configuration_error

            raise configuration_error(
                "The job uses DuckDB, but its Python environment has no module duckdb.",
                f"{sys.executable} says: {error}.",
                "The database cannot be opened.",
                f"Install it: {sys.executable} -m pip install 'duckdb>=2.0,<3'",
            ) from error
    return module


def _read_settings(text):
    if not text.strip():
        return {}
    from vdk import _native

    settings = _native.parse_json(text)
    if not isinstance(settings, dict):
        raise _bad_settings("It is no JSON object.")
    return settings


def _apply_settings(connection, settings):
    for key, value in settings.items():
        if not key.replace("_", "").isalnum():
            raise _bad_settings(f"{key!r} is no name of a setting.")
        literal = (
            str(value).lower()
            if isinstance(value, (bool, int, float))
            else "'" + str(value).replace("'", "''") + "'"
        )
        try:
            connection.execute(f"SET {key} = {literal}")
        except Exception as error:
            raise _bad_settings(f"DuckDB refuses {key}: {error}") from error


def _bad_settings(why):
    from vdk.host.complaints import configuration_error

    return configuration_error(
        "duckdb_configuration_dictionary cannot be applied.",
        why,
        "The database was not used.",
        'Write it as a JSON object of settings, for example {"threads": 2}.',
    )


def _cannot_open(engine, file, error, key, countermeasure=""):
    from vdk.host.complaints import configuration_error

    return configuration_error(
        f"The {engine} database {file} cannot be opened.",
        f"The engine says: {error}",
        "No statement was executed on it.",
        countermeasure or f"Correct {key}, or make the file and its directory accessible.",
    )
