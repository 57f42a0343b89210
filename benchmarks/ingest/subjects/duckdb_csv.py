"""DuckDB's own limit: a table from a CSV file, in a file."""

import sys

import duckdb
from made import begin

begin()
with duckdb.connect("data.db") as connection:
    connection.execute(f"create table t as from read_csv('{sys.argv[1]}')")
