"""Databases inside a run: what plugins register, what streams, what a native driver looks like to Python."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("VDK_BIN", ROOT / "build" / "release" / "bin" / "vdk")).absolute()

REGISTER = """
    import sqlite3

    def connect():
        print("opened")
        return sqlite3.connect("tmp/plugin.db", isolation_level=None)

    def run(job_input):
        job_input._JobInput__job.add_connection("Mine", connect)
    """


def test_registered_connection_of_pep_249_is_opened_once_and_managed(stage):
    stage.step(REGISTER, "00_register.py")
    stage.body(
        """
        job_input.execute_query("create table t as select 1 as x", database="mine")
        connection = job_input.get_managed_connection("MINE")
        cursor = connection.cursor()
        print(list(cursor.execute("select x from t where x = ?", (1,))), cursor.description[0][0])
        print(type(connection).__name__, connection.in_transaction)
        """
    )
    ended = stage.run().succeeded()
    assert ended.stdout.splitlines() == ["opened", "[(1,)] x", "WrappedConnection False"]
    assert ended.stderr.count("Executing query SUCCEEDED") == 2


def test_lost_connection_is_opened_again_in_place(stage):
    stage.step(REGISTER, "00_register.py")
    stage.body(
        """
        connection = job_input.get_managed_connection("mine")
        connection._db_con.close()  # as if the server had gone
        print(job_input.execute_query("select 1", database="mine"))
        print(connection is job_input.get_managed_connection("mine"), connection.execute_query("select 2"))
        """
    )
    ended = stage.run().succeeded()
    assert ended.stdout.splitlines() == ["opened", "opened", "[(1,)]", "True [(2,)]"]
    ended.says("does not answer and is opened again")


def test_sqlalchemy_and_pandas_work_on_the_managed_connection(stage):
    stage.body(
        """
        import pandas
        import sqlalchemy

        managed = job_input.get_managed_connection()
        engine = sqlalchemy.create_engine(
            "sqlite://", creator=managed.connect, poolclass=sqlalchemy.pool.StaticPool
        )
        rows = [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
        with engine.begin() as connection:
            connection.execute(sqlalchemy.text("create table t (a integer, b text)"))
            connection.execute(sqlalchemy.text("insert into t values (:a, :b)"), rows)
        with engine.connect() as connection:
            print(pandas.read_sql(sqlalchemy.text("select * from t"), connection).to_dict("records") == rows)
        """
    )
    ended = stage.run(VDK_DB_DEFAULT_TYPE="sqlite").succeeded()
    assert ended.stdout == "True\n"
    assert ended.stderr.count("Executing query SUCCEEDED") == 3


def test_plugin_that_gives_no_connection_is_a_configuration_error(stage):
    stage.body(
        """
        job_input._JobInput__job.add_connection("none", lambda: None)
        job_input.execute_query("select 1", database="none")
        """
    )
    ended = stage.run()
    assert ended.exit == 1
    ended.says("The connection type 'none' gave no connection.")


SERIES = """
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000000)
    select i, 'some text to make a row of it' || i from n"""


# Not getrusage: its peak counts the process that started this one.
PEAK_MEMORY = """
import re
def peak():
    return int(re.search("VmHWM:\\\\s*([0-9]+) kB", open("/proc/self/status").read())[1])
"""


def test_streamed_rows_take_no_memory(stage):
    (stage.job / "memory.py").write_text(PEAK_MEMORY)
    stage.body(
        f"""
        from memory import peak
        before = peak()
        total = 0
        for number, text in job_input.stream_query({SERIES!r}):
            total += number
        grown = peak() - before
        print(total, grown < 20_000)
        """
    )
    assert stage.run().succeeded().stdout == "4500001500000 True\n"


def test_rows_of_a_sql_step_are_not_gathered(stage):
    (stage.job / "memory.py").write_text(PEAK_MEMORY)
    stage.step(SERIES, "10_rows.sql")
    stage.body(
        """
        from memory import peak
        print(peak() < 100_000)
        """,
        "20_look.py",
    )
    assert stage.run().succeeded().stdout == "True\n"


def test_sql_step_runs_to_its_end_though_its_rows_are_nobodys(stage):
    stage.step("create table t(x)", "10_table.sql")
    stage.step("insert into t values (1), (2), (3) returning x", "20_insert.sql")
    stage.body("pass", "30_python.py")
    stage.run().succeeded()
    assert stage.rows("select count(*) from t") == [(3,)]


def test_replaced_execute_query_still_serves_sql_steps(stage):
    stage.body(
        """
        own = job_input.execute_query
        job_input.execute_query = lambda sql: print("step:", sql.strip()) or own(sql)
        """
    )
    stage.step("select 1", "20_step.sql")
    assert stage.run().succeeded().stdout == "step: select 1\n"


def test_stream_query_names_itself_where_the_query_is_empty(stage):
    stage.body("job_input.stream_query(' ')")
    ended = stage.run()
    assert ended.exit == 1
    ended.says("The query is empty.", "stream_query was called")


# A driver of the program, seen from Python. SQLite's own driver stands for any, under a name that the
# Python host has no module for.


@pytest.fixture(scope="module")
def native_program(tmp_path_factory):
    built = PROGRAM.parent.parent
    prefix = tmp_path_factory.mktemp("native") / "prefix"
    shutil.copytree(built / "lib", prefix / "lib", copy_function=os.link, symlinks=True)
    (prefix / "bin").mkdir()
    os.link(PROGRAM, prefix / "bin" / "vdk")
    plugins = prefix / "lib" / "vdk" / "plugins"
    manifest = json.loads((plugins / "vdk_sqlite.json").read_text())
    manifest |= {"name": "other", "engine": "other", "connections": ["sqlite"], "sinks": []}
    (plugins / "vdk_sqlite.json").unlink()
    (plugins / "vdk_sqlite.so").rename(plugins / "vdk_other.so")
    (plugins / "vdk_other.json").write_text(json.dumps(manifest))
    return prefix / "bin" / "vdk"


@pytest.fixture
def native(stage, native_program):
    """Runs a body as a step whose database is reached through the native driver."""

    def run(body):
        stage.body(body)
        return stage.ended(
            subprocess.Popen(
                [str(native_program), "run", "job"],
                cwd=stage.root,
                env=stage.env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )

    return run


def test_native_driver_is_a_connection_of_pep_249(native):
    ended = native(
        """
        import datetime, decimal
        connection = job_input.get_managed_connection()
        print(type(connection._db_con).__module__, connection.execute_query("create table t (a, b)"))
        cursor = connection.cursor()
        cursor.execute("insert into t values (%s, %s), (?, 'x')".replace("?", "%s"), (1, "it's 100%", 2))
        cursor.execute("select a, b from t where b <> %(no)s order by a", {"no": "o'no"})
        print([column[0] for column in cursor.description], cursor.fetchone(), cursor.fetchall())
        print(list(cursor.execute("select ?, ?, ?, ?", (None, True, 1.5, b"\\x00\\xff"))))
        print(list(cursor.execute("select ?", (decimal.Decimal("1.50"),))))
        """
    )
    assert ended.succeeded().stdout.splitlines() == [
        "vdk.host.dbapi None",
        "['a', 'b'] (1, \"it's 100%\") [(2, 'x')]",
        "[(None, 1, 1.5, b'\\x00\\xff')]",
        "[(1.5,)]",
    ]


def test_cursors_of_one_native_connection_do_not_disturb_each_other(native):
    ended = native(
        """
        connection = job_input.get_managed_connection()
        outer, inner = connection.cursor(), connection.cursor()
        outer.execute("with recursive n(i) as (select 1 union all select i + 1 from n where i < 25000) select i from n")
        seen = [outer.fetchone()]
        seen += [row for row in outer if inner.execute("select 0") and True]
        print(len(seen), seen[0], seen[-1])
        """
    )
    assert ended.succeeded().stdout == "25000 (1,) (25000,)\n"


def test_errors_of_a_native_driver_are_those_of_pep_249(native):
    ended = native(
        """
        from vdk.host import dbapi
        connection = job_input.get_managed_connection()
        cursor = connection.cursor()
        for statement, parameters in (
            ("select absent", None),
            ("select '%s', %s", (1,)),
            ("select ?", (1, 2)),
        ):
            try:
                cursor.execute(statement, parameters)
            except dbapi.DatabaseError as error:
                print(type(error).__name__, str(error).splitlines()[0])
        raw = connection._db_con.cursor()
        raw.close()
        for call in (raw.fetchone, lambda: connection._db_con.cursor().fetchone()):
            try:
                call()
            except connection.InterfaceError as error:
                print(error)
        """
    )
    assert ended.succeeded().stdout.splitlines() == [
        "OperationalError no such column: absent",
        "ProgrammingError The placeholder %s stands inside quotes.",
        "ProgrammingError Placeholders and parameters of the statement do not match.",
        "The cursor is closed.",
        "no results to fetch",
    ]


def test_native_rows_come_as_arrow(native):
    pytest.importorskip("duckdb")
    ended = native(
        """
        import duckdb
        connection = job_input.get_managed_connection()
        cursor = connection.cursor()
        cursor.execute("with recursive n(i) as (select 1 union all select i + 1 from n where i < 25000) select i, i / 2.0 as half from n")
        rows = cursor.fetch_arrow()
        print(duckdb.sql("select count(*), sum(i), max(half) from rows").fetchall())
        """
    )
    assert ended.succeeded().stdout == "[(25000, 312512500, 12500.0)]\n"


def test_native_connection_outlives_its_job_as_a_closed_one(native):
    ended = native(
        """
        import atexit
        connection = job_input.get_managed_connection()
        def late():
            for call in (lambda: connection.cursor(), lambda: connection.connect()):
                try:
                    call()
                except Exception as error:
                    print(type(error).__name__, error)
        atexit.register(late)
        """
    )
    assert ended.succeeded().stdout.splitlines() == [
        "InterfaceError The connection is closed.",
        "InterfaceError The connection belongs to a job that has ended.",
    ]
