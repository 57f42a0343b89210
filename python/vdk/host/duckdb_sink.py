"""Stores batches in DuckDB through the environment's own engine, by the rules of the native sink."""

import contextlib
import time

from vdk import _native
from vdk.host.complaints import user_error
from vdk.host.connections import duckdb_module, open_duckdb

_BATCH = "_vdk_batch"
_CONFLICT_ATTEMPTS = 8
_INTEGER_DIGITS = 19
_MAXIMUM_DIGITS = 38
_TYPES = {
    "null": "VARCHAR",
    "boolean": "BOOLEAN",
    "integer": "BIGINT",
    "real": "DOUBLE",
    "text": "VARCHAR",
    "binary": "BLOB",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "timestamp with time zone": "TIMESTAMP WITH TIME ZONE",
}


class DuckDbSink:
    """Writes into one database. Tables that it made itself follow the rows: new columns, wider types."""

    def __init__(self, file, create_tables):
        self._file = file
        self._create_tables = create_tables
        self._connection = None
        self._error = duckdb_module().Error
        self._own = {}  # table: {lower-cased column: type of its values}
        self._json_type = None

    def write(self, table, fields, batch):
        """Stores all rows of the batch or none. `fields` are names and types, `batch` has __arrow_c_stream__."""
        if self._connection is None:
            import duckdb  # noqa: F401 - the engine's own module reads no Arrow streams without it

            self._connection = open_duckdb(self._file).cursor()
        name = split_name(table)
        self._connection.register(_BATCH, batch)
        try:
            for attempt in range(_CONFLICT_ATTEMPTS):
                conflict = self._try_write(name, fields)
                if conflict is None:
                    return
                time.sleep(0.002 * 2**attempt)
            raise _refused(table, conflict) from conflict
        finally:
            self._connection.unregister(_BATCH)

    def close(self):
        if self._connection is not None:
            self._connection.close()

    def _try_write(self, table, fields):
        """None, or the conflict: transactions are optimistic, and one that meets another's change of
        the table is repeated as a whole."""
        try:
            self._write_once(table, fields)
        except self._error as error:
            if type(error).__name__ == "TransactionException":
                return error
            raise _refused(".".join(table), error) from error
        return None

    def _write_once(self, name, fields):
        own = None
        self._connection.execute("BEGIN TRANSACTION")
        try:
            table, known = self._find(name)
            if table is None:
                own = self._create(_sql_name(name), fields)
                table, known = self._find(name)
            elif table in self._own:
                own = self._evolve(table, fields, known)
                table, known = self._find(name)
            missing = [field for field, _ in fields if field.lower() not in known]
            if missing:
                raise _no_column(table, missing, [column for column, _ in known.values()])
            columns = ", ".join(_quote(known[field.lower()][0]) for field, _ in fields)
            values = ", ".join(_quote(field) for field, _ in fields)
            self._connection.execute(
                f"INSERT INTO {table} ({columns}) SELECT {values} FROM {_BATCH}"
            )
            self._connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(self._error):  # the engine may have ended it already
                self._connection.execute("ROLLBACK")
            raise
        if own is not None:
            self._own[table] = own

    def _find(self, name):
        """The table's full name, and name and type of its columns by lower-cased name; (None, {}) where there is none."""
        here = "database_name = current_database()"
        *qualifiers, table = name
        where, parameters = "lower(table_name) = lower(?)", [table]
        if not qualifiers:
            where += f" AND {here} AND schema_name = current_schema()"
        elif len(qualifiers) == 1:
            where += (
                f" AND (({here} AND lower(schema_name) = lower(?))"
                " OR (schema_name = 'main' AND lower(database_name) = lower(?)))"
            )
            parameters += qualifiers * 2
        else:
            where += " AND lower(database_name) = lower(?) AND lower(schema_name) = lower(?)"
            parameters += qualifiers
        rows = self._connection.execute(
            "SELECT database_name, schema_name, table_name, column_name, data_type FROM duckdb_columns() "
            f"WHERE {where} ORDER BY database_name, schema_name, column_index",
            parameters,
        ).fetchall()
        if not rows:
            return None, {}
        place = rows[0][:3]
        return _sql_name(place), {
            row[3].lower(): (row[3], row[4]) for row in rows if row[:3] == place
        }

    def _create(self, name, fields):
        if not self._create_tables:
            raise _no_table(name, self._file)
        _native.log(
            20,
            "vdk.duckdb",
            f"The table {name} does not exist; it is created from the first batch of rows.",
        )
        columns = ", ".join(
            f"{_quote(field)} {self._sql_type(field, kind)}" for field, kind in fields
        )
        self._connection.execute(f"CREATE TABLE {name} ({columns})")
        return {field.lower(): kind for field, kind in fields}

    def _evolve(self, name, fields, known):
        own = dict(self._own[name])
        for field, kind in fields:
            key = field.lower()
            if key not in known:
                self._alter(name, f"ADD COLUMN {_quote(field)} {self._sql_type(field, kind)}")
                own[key] = kind
            elif (
                key in own and kind != "null"
            ):  # others' columns stay as they are; nulls fit everywhere
                column, present = known[key]
                wanted = self._wanted_type(field, own[key], kind, present)
                if wanted and wanted != present:
                    self._alter(name, f"ALTER COLUMN {_quote(column)} TYPE {wanted}")
                own[key] = _native.unite(own[key], kind)
        return own

    def _alter(self, name, change):
        self._connection.execute(f"ALTER TABLE {name} {change}")

    def _wanted_type(self, field, before, kind, present):
        """The type that a column of ours needs for further values, or None where its own will do."""
        united = _native.unite(before, kind)
        if before == "null":
            return self._sql_type(field, kind)
        if united == "decimal":
            return (
                None if present == "VARCHAR" else self._wider_decimal(field, before, kind, present)
            )
        return self._sql_type(field, united) if united != before else None

    def _wider_decimal(self, field, before, kind, present):
        if "real" in (before, kind):
            return "VARCHAR"
        whole, fraction, plain = self._digits(field) if kind == "decimal" else (0, 0, True)
        if before != kind:
            whole = max(whole, _INTEGER_DIGITS)
        if present.startswith("DECIMAL("):
            fraction = max(fraction, int(present.rstrip(")").split(",")[1]))
        return _decimal(whole, fraction, plain)

    def _sql_type(self, field, kind):
        if kind == "decimal":
            return _decimal(*self._digits(field))
        if kind == "json":
            return self._json()
        return _TYPES[kind]

    def _digits(self, field):
        """The most digits before and behind the point of the batch's decimals, and whether all are written plainly."""
        value = f"ltrim(CAST({_quote(field)} AS VARCHAR), '+-')"
        return self._connection.execute(
            f"SELECT coalesce(max(length(ltrim(split_part(v, '.', 1), '0'))), 0), "
            f"coalesce(max(length(split_part(v, '.', 2))), 0), "
            f"coalesce(bool_and(regexp_full_match(v, '[0-9]*[.]?[0-9]*')), true) "
            f"FROM (SELECT {value} AS v FROM {_BATCH})"
        ).fetchone()

    def _json(self):
        if self._json_type is None:
            (loaded,) = self._connection.execute(
                "SELECT count(*) FROM duckdb_extensions() WHERE extension_name = 'json' AND loaded"
            ).fetchone()
            self._json_type = "JSON" if loaded else "VARCHAR"
        return self._json_type


def split_name(table):
    """The parts of a destination: what is written like SQL names means what it means there, anything else is one name."""
    import re

    name = r'(?:"(?:[^"]|"")+"|[^\W\d][\w$]*)'
    if not re.fullmatch(rf"{name}(?:\.{name}){{0,2}}", table):
        return (table,)
    parts = re.findall(name, table)
    return tuple(part[1:-1].replace('""', '"') if part.startswith('"') else part for part in parts)


def _sql_name(parts):
    return ".".join(_quote(part) for part in parts)


def _decimal(whole, fraction, plain):
    if not plain or whole + fraction > _MAXIMUM_DIGITS:
        return "VARCHAR"
    return f"DECIMAL({_MAXIMUM_DIGITS},{fraction})"


def _quote(name):
    return '"' + name.replace('"', '""') + '"'


def _refused(table, error):
    return user_error(
        f"DuckDB refuses rows for the table {table}.",
        f"The engine says: {error}",
        "No row of this batch was stored.",
        "Make the values fit the types of the table's columns, or the columns fit the values.",
    )


def _no_column(name, missing, known):
    return user_error(
        f"The table {name} has no column for: {', '.join(missing)}.",
        f"Its columns are: {', '.join(known)}. It was not created by this run, so no columns are added to it.",
        "No row of this batch was stored.",
        "Add the columns to the table, or leave the keys out of the rows.",
    )


def _no_table(name, file):
    return user_error(
        "Cannot send payload for ingestion to DuckDB database.",
        f"The destination table {name} does not exist in {file}, and duckdb_ingest_auto_create_table_enabled is off.",
        "No row of this batch was stored.",
        "Make sure the destination_table exists in the target DuckDB database.",
    )
