"""SQLite's own limit from Python: executemany in one transaction."""

import sqlite3

from made import begin, narrow_lists

rows = narrow_lists()
begin()
connection = sqlite3.connect("data.db")
connection.execute("create table t (id integer, name text, price real, flag boolean)")
connection.executemany("insert into t values (?, ?, ?, ?)", rows)
connection.commit()
connection.close()
