"""DuckDB's own limit: a table from an Arrow table, in a file."""

import duckdb
from made import begin, flights_arrow

frame = flights_arrow()
begin()
with duckdb.connect("data.db") as connection:
    connection.execute("create table t as from frame")
