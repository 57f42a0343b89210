"""DuckDB's own limit for the narrow rows: a table from an Arrow table, in a file."""

import duckdb
import pyarrow
from made import NARROW, begin, narrow_values

columns = zip(*narrow_values(), strict=True)
frame = pyarrow.table(dict(zip(NARROW, columns, strict=True)))
begin()
with duckdb.connect("data.db") as connection:
    connection.execute("create table t as from frame")
