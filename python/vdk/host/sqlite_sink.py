"""Stores batches in SQLite through the `sqlite3` module, by the rules of the native sink.

For interpreters whose copy of SQLite nobody else can call: a second copy in the process would lose the
locks of a file that a step has open.
"""

import re
import sqlite3

from vdk import _native
from vdk.host.complaints import user_error

_NAME = r'(?:"(?:[^"]|"")+"|`(?:[^`]|``)+`|\[[^\]]+\]|[^\W\d][\w$]*)'
_TYPES = {"boolean": "INTEGER", "integer": "INTEGER", "real": "REAL", "binary": "BLOB"}


class SqliteSink:
    def __init__(self, file, create_tables, timeout_seconds):
        self._file = file
        self._create_tables = create_tables
        self._timeout = timeout_seconds
        self._connections = {}
        self._own = set()  # (file, table) that this sink made

    def write(self, target, table, fields, rows):
        """Stores all rows or none. `fields` are names and types, `rows` tuples of what SQLite can hold."""
        file = target or self._file
        connection = self._open(file)
        parts = split_name(table)
        connection.execute("BEGIN IMMEDIATE")
        try:
            created, insert = self._prepare(connection, file, parts, fields)
            connection.executemany(insert, rows)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        if created:
            self._own.add((file, _sql_name(parts).lower()))

    def close(self):
        for connection in self._connections.values():
            connection.close()

    def _open(self, file):
        if file not in self._connections:
            # One thread at a time uses the sink, but not always the same.
            self._connections[file] = sqlite3.connect(
                file, isolation_level=None, timeout=self._timeout, check_same_thread=False
            )
        return self._connections[file]

    def _prepare(self, connection, file, parts, fields):
        """Whether the table was made, and the statement that inserts a row of these fields."""
        name = _sql_name(parts)
        columns = _columns(connection, parts)
        created = not columns
        if created:
            self._create(connection, file, name, fields)
            columns = _columns(connection, parts)
        exact = {column for column, *_ in columns}
        by_case = {column.lower(): column for column, *_ in columns}
        listed = [field if field in exact else by_case.get(field.lower()) for field, _ in fields]
        missing = [field for field, column in zip(fields, listed, strict=True) if column is None]
        if missing and not created and (file, name.lower()) not in self._own:
            raise _no_column(name, [field for field, _ in missing], exact)
        for field, kind in missing:
            connection.execute(f"ALTER TABLE {name} ADD COLUMN {_quote(field)} {_declared(kind)}")
        listed = [column or field for column, (field, _) in zip(listed, fields, strict=True)]
        return created, _insert(name, listed, columns)

    def _create(self, connection, file, name, fields):
        if not self._create_tables:
            raise _no_table(name, file)
        _native.log(
            20,
            "vdk.sqlite",
            f"The table {name} does not exist; it is created from the first batch of rows.",
        )
        columns = ", ".join(f"{_quote(field)} {_declared(kind)}" for field, kind in fields)
        connection.execute(f"CREATE TABLE {name} ({columns})")


def split_name(table):
    """The parts of a destination: what is written like SQL names means what it means there, anything
    else is one name."""
    if re.fullmatch(rf"{_NAME}(?:\.{_NAME})?", table):
        return tuple(_unquoted(part) for part in re.findall(_NAME, table))
    return (table,)


def _unquoted(name):
    if name[0] == "[":
        return name[1:-1]
    return name[1:-1].replace(name[0] * 2, name[0]) if name[0] in '"`' else name


def _sql_name(parts):
    return ".".join(_quote(part) for part in parts)


def _quote(name):
    return '"' + name.replace('"', '""') + '"'


def _declared(kind):
    return _TYPES.get(kind, "TEXT")


def _columns(connection, parts):
    """Name, default and "not null" of the columns that rows can fill; empty where there is no table."""
    *schema, table = parts
    pragma = _sql_name((*schema, "table_xinfo")) + f"({_quote(table)})"
    rows = connection.execute(f"PRAGMA {pragma}").fetchall()
    return [(row[1], row[4], bool(row[3])) for row in rows if row[6] == 0]


def _insert(name, listed, columns):
    """A missing value is NULL, but where the table refuses NULL and has a default, it is the default."""
    defaults = {column: (default, not_null) for column, default, not_null in columns}
    names, values = [], []
    for number, column in enumerate(listed, 1):
        default, not_null = defaults.get(column, (None, False))
        names.append(_quote(column))
        defaulted = default is not None and not_null
        values.append(f"coalesce(?{number}, ({default}))" if defaulted else f"?{number}")
    for column, default, not_null in columns:
        if column not in listed and default is not None and not not_null:
            names.append(_quote(column))
            values.append("NULL")
    return f"INSERT INTO {name} ({', '.join(names)}) VALUES ({', '.join(values)})"


def _no_column(name, missing, known):
    return user_error(
        f"Failed to sent payload: the table {name} has no column for: {', '.join(missing)}.",
        f"Its columns are: {', '.join(known)}. It was not created by this run, so no columns are added to it.",
        "No row of this batch was stored.",
        "Add the columns to the table, or leave the keys out of the rows.",
    )


def _no_table(name, file):
    return user_error(
        "Cannot send payload for ingestion to SQLite database.",
        f"The destination table {name} does not exist in {file}, and sqlite_ingest_auto_create_table_enabled is off.",
        "No row of this batch was stored.",
        "Make sure the destination_table exists in the target SQLite database.",
    )
