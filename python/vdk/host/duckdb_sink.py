"""Stores batches in DuckDB through the environment's own engine."""
from __future__ import annotations

from vdk.host.connections import duckdb_module
from vdk.host.connections import open_duckdb

_TYPES = {
    "null": "VARCHAR",
    "boolean": "BOOLEAN",
    "integer": "BIGINT",
    "real": "DOUBLE",
    "text": "VARCHAR",
    "binary": "BLOB",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "timestamp_tz": "TIMESTAMP WITH TIME ZONE",
    "decimal": "VARCHAR",
    "json": "JSON",
}
_BATCH = "_vdk_batch"


class DuckDbSink:
    """Writes into one database. Tables that it made itself get new columns as rows bring them."""

    def __init__(self, file, create_tables):
        self._file = file
        self._create_tables = create_tables
        self._connection = None
        self._own_tables = set()

    def write(self, table, fields, batch):
        """Stores all rows of the batch or none. `fields` are names and types, `batch` has __arrow_c_stream__."""
        if self._connection is None:
            self._connection = open_duckdb(self._file).cursor()
        name = sql_name(table)
        columns = self._prepare(name, fields)
        listed = ", ".join(columns)
        picked = ", ".join(_quote(field) for field, _ in fields)
        self._connection.register(_BATCH, batch)
        try:
            self._connection.execute("BEGIN")
            try:
                self._connection.execute(f"INSERT INTO {name} ({listed}) SELECT {picked} FROM {_BATCH}")
                self._connection.execute("COMMIT")
            except BaseException as error:
                self._roll_back()
                if isinstance(error, duckdb_module().Error):
                    raise _refused(table, error) from error
                raise
        finally:
            self._connection.unregister(_BATCH)

    def close(self):
        if self._connection is not None:
            self._connection.close()

    def _roll_back(self):
        try:
            self._connection.execute("ROLLBACK")
        except duckdb_module().Error:
            pass  # the engine has ended the transaction itself

    def _prepare(self, name, fields):
        """The quoted columns of the table for the fields, created where they are missing and the table is ours."""
        known = self._columns(name)
        if known is None:
            self._create(name, fields)
            known = self._columns(name)
        columns = []
        missing = []
        for field, kind in fields:
            column = known.get(field.lower())
            if column is None:
                missing.append((field, kind))
            columns.append(_quote(column or field))
        if missing and name not in self._own_tables:
            raise _no_column(name, [field for field, _ in missing], known.values())
        for field, kind in missing:
            self._connection.execute(f"ALTER TABLE {name} ADD COLUMN IF NOT EXISTS {_quote(field)} {_TYPES[kind]}")
        return columns

    def _columns(self, name):
        """The columns of the table by their lower-cased names; None where there is no table."""
        try:
            rows = self._connection.execute(f"DESCRIBE {name}").fetchall()
        except duckdb_module().CatalogException:
            return None
        return {row[0].lower(): row[0] for row in rows}

    def _create(self, name, fields):
        if not self._create_tables:
            raise _no_table(name, self._file)
        columns = ", ".join(f"{_quote(field)} {_TYPES[kind]}" for field, kind in fields)
        self._connection.execute(f"CREATE TABLE IF NOT EXISTS {name} ({columns})")
        self._own_tables.add(name)


def sql_name(table):
    """A destination as SQL: dots separate catalogue, schema and table; parts may be quoted; anything else is one name."""
    parts = [""]
    quoted = False
    for character in table:
        if character == '"':
            quoted = not quoted
        elif character == "." and not quoted:
            parts.append("")
        else:
            parts[-1] += character
    if quoted or not all(parts) or len(parts) > 3:
        return _quote(table)
    return ".".join(_quote(part) for part in parts)


def _quote(name):
    return '"' + name.replace('"', '""') + '"'


def _refused(table, error):
    from vdk.internal.core.errors import UserCodeError

    return UserCodeError(
        f"DuckDB refuses rows for the table {table}.",
        f"The engine says: {error}",
        "No row of this batch was stored.",
        "Make the values fit the types of the table's columns, or the columns fit the values.",
    )


def _no_column(name, missing, known):
    from vdk.internal.core.errors import UserCodeError

    return UserCodeError(
        f"The table {name} has no column for: {', '.join(missing)}.",
        f"Its columns are: {', '.join(known)}. It was not created by this run, so no columns are added to it.",
        "No row of this batch was stored.",
        "Add the columns to the table, or leave the keys out of the rows.",
    )


def _no_table(name, file):
    from vdk.internal.core.errors import UserCodeError

    return UserCodeError(
        "Cannot send payload for ingestion to DuckDB database.",
        f"The destination table {name} does not exist in {file}, and duckdb_ingest_auto_create_table_enabled is off.",
        "No row of this batch was stored.",
        "Make sure the destination_table exists in the DuckDB database.",
    )
