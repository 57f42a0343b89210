"""A stub of a database's driver in a job: its statements are run by SQLite, and written down.

The first step puts `connect` in the place of the driver's own.
"""

STEP = """
import sqlite3


class Cursor(sqlite3.Cursor):
    def execute(self, statement, parameters=()):
        with open({trace!r}, "a") as trace:
            print(statement, file=trace)
        return super().execute(*in_sqlite(statement, parameters))

    def executemany(self, statement, rows):
        with open({trace!r}, "a") as trace:
            print(statement, file=trace)
        statement, _ = in_sqlite(statement, ())
        return super().executemany(statement, rows)


class Connection(sqlite3.Connection):
    def cursor(self, *_, **__):
        return super().cursor(Cursor)


def connect(*words, **names):
    with open({arguments!r}, "w") as file:
        print(words, names, file=file)
    return sqlite3.connect("kept.db", factory=Connection, check_same_thread=False)


{in_sqlite}

import {module}
{module}.{name} = connect


def run(job_input):
    pass
"""

AS_IT_IS = """
def in_sqlite(statement, parameters):
    return statement, parameters
"""


def place_stub(cell, target, in_sqlite=AS_IT_IS):
    """`target` is the function that connects, `in_sqlite` the source of a function that turns a statement into SQLite's."""
    module, _, name = target.rpartition(".")
    text = STEP.format(
        trace=str(cell.folder / "statements"),
        arguments=str(cell.folder / "arguments"),
        module=module,
        name=name,
        in_sqlite=in_sqlite,
    )
    cell.step(text, "00_driver.py")
