"""Rows of Python on their way into a database."""

import sqlite3
import subprocess

import pytest
from stage import PYTHON

duckdb = pytest.importorskip("duckdb")


def test_values_of_every_plain_type_arrive(stage):
    stage.body(
        """
        job_input.send_object_for_ingestion({
            "i": 1, "big": 2**80, "f": 1.5, "s": "ž", "b": True, "none": None, "blob": b"\\x00\\xff",
            "list": [1, "a"], "dict": {"k": [None]}}, "t")
        """
    )
    stage.run().succeeded()
    assert stage.rows("select i, big, f, s, b, none, blob, list, dict from t") == [
        (1, str(2**80), 1.5, "ž", 1, None, b"\x00\xff", '[1, "a"]', '{"k": [null]}')
    ] or stage.rows("select typeof(big) from t") == [("real",)]


def test_subclasses_and_uncommon_types_arrive_by_value(stage):
    stage.body(
        """
        import collections, datetime, decimal, enum, uuid
        class Number(int): pass
        class Colour(enum.IntEnum): RED = 3
        Pair = collections.namedtuple("Pair", "a b")
        job_input.send_tabular_data_for_ingestion(
            [Pair(Number(1), Colour.RED)], ["a", "b"], "pairs")
        job_input.send_object_for_ingestion({
            "dec": decimal.Decimal("1.10"), "id": uuid.UUID(int=5), "buffer": bytearray(b"ab"),
            "day": datetime.date(2024, 2, 29), "text": type("Text", (str,), {})("x")}, "t")
        """
    )
    stage.run().succeeded()
    assert stage.rows("select * from pairs") == [(1, 3)]
    assert stage.rows("select id, buffer, day, text from t") == [
        ("00000000-0000-0000-0000-000000000005", b"ab", "2024-02-29", "x")
    ]


@pytest.mark.parametrize(
    "rows",
    [
        "[(i, str(i)) for i in range(25000)]",
        "((i, str(i)) for i in range(25000))",
        "job_input.get_managed_connection().cursor().execute(SERIES).get_native_result()",
    ],
    ids=["list", "generator", "cursor"],
)
def test_tabular_rows_arrive_in_pages(stage, rows):
    stage.step(
        f"""
        SERIES = "with recursive n(i) as (select 0 union all select i + 1 from n where i < 24999) select i, cast(i as text) from n"
        def run(job_input):
            job_input.send_tabular_data_for_ingestion({rows}, ["i", "s"], "t")
        """
    )
    stage.run().succeeded()
    assert stage.rows("select count(*), sum(i), max(length(s)) from t") == [(25000, 312487500, 5)]


# What a caller may have rows in; each is two rows of two columns.
FORMS = {
    "lists": "[[1, 'a'], [2, 'b']]",
    "tuples": "((1, 'a'), (2, 'b'))",
    "iterator": "iter([(1, 'a'), (2, 'b')])",
    "generator": "((i, 'ab'[i - 1]) for i in (1, 2))",
    "zip": "zip([1, 2], 'ab')",
    "set": "{(1, 'a'), (2, 'b')}",
    "named_tuples": "[collections.namedtuple('Row', 'i s')(1, 'a'), (2, 'b')]",
    "iterable": "Iterable()",
    "cursor": "Cursor()",
    "sqlite_rows": "factory().execute(SERIES).fetchall()",
    "sqlite_cursor": "sqlite3.connect(':memory:').execute(SERIES)",
    "managed_cursor": "job_input.get_managed_connection().execute(SERIES)",
    "list_of_query": "job_input.execute_query(SERIES)",
    "arrow_stream": "Stream(duckdb.sql(SERIES))",
    "duckdb_relation": "duckdb.sql(SERIES)",
    "pandas_frame": "pandas.DataFrame({'i': [1, 2], 's': ['a', 'b']})",
    "numpy_array": "numpy.array([(1, 'a'), (2, 'b')], dtype=object)",
    "arrow_table": "pyarrow.table({'i': [1, 2], 's': ['a', 'b']})",
    "arrow_reader": "pyarrow.table({'i': [1, 2], 's': ['a', 'b']}).to_reader()",
    "arrow_batch": "pyarrow.record_batch({'i': [1, 2], 's': ['a', 'b']})",
    "polars_frame": "polars.DataFrame({'i': [1, 2], 's': ['a', 'b']})",
}
MAKERS = """
import collections, sqlite3
SERIES = "select 1 as i, 'a' as s union all select 2, 'b' order by 1"
class Iterable:
    def __iter__(self):
        return iter([(1, "a"), (2, "b")])
class Cursor:
    rows = [(2, "b"), (1, "a")]
    def fetchmany(self, size):
        return [self.rows.pop()] if self.rows else []
class Stream:
    def __init__(self, source):
        self.source = source
    def __arrow_c_stream__(self, requested_schema=None):
        return self.source.__arrow_c_stream__()
def factory():
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    return connection
"""


def needed(expression):
    """The modules that it uses; the test is skipped where there is no such one."""
    modules = [name for name in ("duckdb", "numpy", "pandas", "polars", "pyarrow")
               if name + "." in expression]  # fmt: skip
    for name in modules:
        if subprocess.run([PYTHON, "-c", f"import {name}"], capture_output=True).returncode != 0:
            pytest.skip(f"{PYTHON} lacks {name}")
    return "".join(f"import {name}\n" for name in modules)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_rows_arrives_wherever_a_chain_of_methods_sends_it(stage, form):
    database = stage.out / "chain.db"
    stage.step(
        needed(FORMS[form]) + MAKERS + "def run(job_input):\n"
        f"    rows = {FORMS[form]}\n"
        "    job_input.send_tabular_data_for_ingestion(rows, ['i', 's'], 't', 'sqlite,DuckDB', collection_id='mine')\n"
    )
    ended = stage.run(VDK_DUCKDB_DATABASE=str(database)).succeeded()
    ended.says("2 rows stored in table t by sqlite", "2 rows stored in table t by duckdb")
    expected = [(1, "a"), (2, "b")]
    assert stage.rows("select * from t order by i") == expected
    with duckdb.connect(str(database)) as connection:
        assert connection.execute("select * from t order by i").fetchall() == expected


@pytest.mark.parametrize(
    "form", ["arrow_stream", "pandas_frame", "arrow_table", "arrow_reader", "polars_frame"]
)
def test_frames_and_streams_may_be_sent_as_one_object(stage, form):
    stage.step(
        needed(FORMS[form]) + MAKERS + "def run(job_input):\n"
        f"    job_input.send_object_for_ingestion({FORMS[form]}, 't')\n"
    )
    stage.run().succeeded()
    assert stage.rows("select i, s from t order by i") == [(1, "a"), (2, "b")]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("send_object_for_ingestion({'a': 1})", "Pass destination_table with the rows."),
        ("send_object_for_ingestion({'a': 1}, '')", "Pass destination_table with the rows."),
        ("send_tabular_data_for_ingestion([[1]], ['a'])", "Pass destination_table with the rows."),
        (
            "send_tabular_data_for_ingestion([{'a': 1}], ['a'], 't')",
            "Send dicts one by one with send_object_for_ingestion",
        ),
        (
            "send_tabular_data_for_ingestion([[1], {'a': 1}], ['a'], 't')",
            "was 'a dict in row 2'. Send dicts one by one with send_object_for_ingestion",
        ),
        (
            "send_tabular_data_for_ingestion([[1], __import__('types').MappingProxyType({'a': 1})], ['a'], 't')",
            "was 'a mappingproxy in row 2'. Send dicts one by one",
        ),
        ("send_tabular_data_for_ingestion({'a': 1}, ['a'], 't')", "'rows' is not valid"),
        ("send_tabular_data_for_ingestion('rows', ['a'], 't')", "'rows' is not valid"),
        ("send_tabular_data_for_ingestion(None, ['a'], 't')", "'rows' is not valid"),
        ("send_tabular_data_for_ingestion([[1]], None, 't')", "'column_names' is not valid"),
        (
            "send_tabular_data_for_ingestion([[1, 2]], ['a'], 't')",
            "Row 1 has 2 values, but there is 1 column name.",
        ),
        (
            "send_tabular_data_for_ingestion([[1]], ['a', 'b'], 't')",
            "Row 1 has 1 value, but there are 2 column names.",
        ),
        (
            "send_tabular_data_for_ingestion([[1], [1, 2]], ['a'], 't')",
            "Row 2 has 2 values, but there is 1 column name.",
        ),
        (
            "send_tabular_data_for_ingestion([[1], None], ['a'], 't')",
            "Row 2 is of type NoneType.",
        ),
    ],
)
def test_a_send_that_cannot_work_is_an_error_of_the_user_at_its_line(stage, call, text):
    stage.body(f"first = 1\njob_input.{call}")
    ended = stage.run()
    ended.says(text, "10_step.py:3 in run")
    assert (ended.exit, ended.status) == (1, "User error")
    assert not stage.database.exists() or stage.rows("select name from sqlite_master") == []


def test_a_refused_send_leaves_the_rows_before_it_and_lets_the_step_go_on(stage):
    stage.body(
        """
        job_input.send_tabular_data_for_ingestion([[1]], ["a"], "t")
        try:
            job_input.send_tabular_data_for_ingestion("rows", ["a"], "t")
        except Exception as error:
            print(type(error).__name__)
        job_input.send_object_for_ingestion({"a": 2}, "t")
        """
    )
    assert stage.run().succeeded().stdout == "InvalidArgumentsIngestionException\n"
    assert stage.rows("select a from t") == [(1,), (2,)]


def test_a_shorter_row_lacks_its_last_values(stage):
    stage.body("job_input.send_tabular_data_for_ingestion([[1, 2], [3]], ['a', 'b'], 't')")
    stage.run().succeeded()
    assert stage.rows("select a, b from t") == [(1, 2), (3, None)]


def test_target_and_method_of_the_call_win_over_the_defaults(stage):
    stage.body(
        """
        where = str(job_input.get_temporary_write_directory() / "other.db")
        job_input.send_object_for_ingestion({"a": 1}, "by_default")
        job_input.send_object_for_ingestion({"a": 2}, "by_call", "SQLite", where)
        """
    )
    default = stage.out / "default.db"
    stage.run(VDK_INGEST_TARGET_DEFAULT=str(default)).succeeded()
    with sqlite3.connect(default) as connection:
        assert connection.execute("select a from by_default").fetchall() == [(1,)]
    with sqlite3.connect(stage.out / "other.db") as connection:
        assert connection.execute("select a from by_call").fetchall() == [(2,)]


@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
@pytest.mark.parametrize("count", [50_000, 1_000_000])
def test_every_row_of_a_large_send_is_stored_with_ten_workers(stage, engine, count):
    database = stage.out / "duck.db"
    stage.body(
        f"job_input.send_tabular_data_for_ingestion(((i, f'n{{i}}') for i in range({count})), ['i', 's'], 't')"
    )
    ended = stage.run(
        VDK_INGEST_METHOD_DEFAULT=engine,
        VDK_DUCKDB_DATABASE=str(database),
        VDK_INGESTER_NUMBER_OF_WORKER_THREADS="10",
    )
    ended.succeeded().says(f"{count} rows stored in table t by {engine}")
    query = "select count(*), count(distinct i), sum(i), max(i) from t"
    rows = stage.rows(query) if engine == "sqlite" else in_duckdb(stage, query)
    assert rows == [(count, count, count * (count - 1) // 2, count - 1)]


@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
def test_a_bad_row_is_the_users_and_the_rows_around_it_and_after_it_are_stored(stage, engine):
    stage.env |= {
        "VDK_INGEST_METHOD_DEFAULT": engine,
        "VDK_DB_DEFAULT_TYPE": engine,
        "VDK_DUCKDB_DATABASE": str(stage.out / "duck.db"),
    }
    stage.body(
        """
        job_input.execute_query("create table t (a integer not null check (a <> 13))")
        for start in range(0, 100, 10):
            job_input.send_tabular_data_for_ingestion([[i] for i in range(start, start + 10)], ["a"], "t")
        """
    )
    ended = stage.run(VDK_INGESTER_PAYLOAD_SIZE_BYTES_THRESHOLD="1", VDK_INGEST_COMMIT_BYTES="1")
    ended.says("1 row was rejected.", "99 rows stored in table t", "1 row rejected for table t")
    assert (ended.exit, ended.status) == (1, "User error")
    query = "select count(*), count(distinct a), max(a) from t"
    rows = stage.rows(query) if engine == "sqlite" else in_duckdb(stage, query)
    assert rows == [(99, 99, 99)]


@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
def test_a_table_that_evolves_takes_every_row(stage, engine):
    stage.env |= {
        "VDK_INGEST_METHOD_DEFAULT": engine,
        "VDK_DB_DEFAULT_TYPE": engine,
        "VDK_DUCKDB_DATABASE": str(stage.out / "duck.db"),
    }
    stage.body(
        """
        job_input.execute_query("create table t (a integer)")
        for row in ({"a": 1}, {"a": 2, "b": "more"}, {"a": 2**40}, {"c": 1.5}):
            job_input.send_object_for_ingestion(row, "t", contract="evolve")
        """
    )
    stage.run().succeeded()
    query = "select a, b, c from t order by a is null, a"
    rows = stage.rows(query) if engine == "sqlite" else in_duckdb(stage, query)
    assert rows == [(1, None, None), (2, "more", None), (2**40, None, None), (None, None, 1.5)]


def test_sections_are_connections_and_methods_of_their_names_with_their_own_places(stage):
    stage.job.joinpath("config.ini").write_text(
        f"[vdk_dev]\nsqlite_file = {stage.out / 'dev.db'}\n"
        "[vdk_warehouse]\npostgres_host = nowhere.invalid\npostgres_dbname = x\n"
        "[vdk_foreign]\nno_plugin_knows_it = 1\n"
    )
    stage.body(
        """
        job_input.send_object_for_ingestion({"a": 1}, "t", "dev")
        job_input.send_object_for_ingestion({"a": 2}, "t")
        """
    )
    stage.body(
        """
        print(job_input.execute_query("select a from t", database="dev"))
        print(job_input.execute_query("select a from t"))
        """,
        "20_read.py",
    )
    assert stage.run().succeeded().stdout == "[(1,)]\n[(2,)]\n"
    with sqlite3.connect(stage.out / "dev.db") as connection:
        assert connection.execute("select a from t").fetchall() == [(1,)]


def test_sends_are_not_logged_one_by_one(stage):
    stage.body("for i in range(1000): job_input.send_object_for_ingestion({'i': i}, 't')")
    assert len(stage.run().succeeded().stderr.splitlines()) < 20
    assert stage.rows("select count(*) from t") == [(1000,)]


def test_names_may_be_reserved_words(stage):
    database = stage.out / "duck.db"
    stage.body(
        "job_input.send_object_for_ingestion({'select': 1, 'order': 2, 'from': 'x'}, 'table', 'sqlite,duckdb')"
    )
    stage.run(VDK_DUCKDB_DATABASE=str(database)).succeeded()
    query = 'select "select", "order", "from" from "table"'
    assert stage.rows(query) == in_duckdb(stage, query) == [(1, 2, "x")]


def test_many_threads_send_without_losing_rows(stage):
    stage.step(
        """
        import threading
        def run(job_input):
            def send(part):
                for i in range(500):
                    job_input.send_object_for_ingestion({"part": part, "i": i, "text": f"{part}-{i}"}, f"t{part % 3}")
            threads = [threading.Thread(target=send, args=(part,)) for part in range(20)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
        """
    )
    stage.run().succeeded()
    assert (
        sum(
            count
            for (count,) in stage.rows(
                "select count(*) from t0 union all select count(*) from t1 union all select count(*) from t2"
            )
        )
        == 10000
    )
    assert stage.rows("select count(*) from t0 where text <> part || '-' || i") == [(0,)]


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        ("None", "Payload given to ingestion method should not be empty"),
        ("{}", "Payload given to ingestion method should not be empty"),
        ("[1]", "Expected type: dict, actual type: list"),
        ("{'a': {1}}", "Object of type set is not JSON serializable"),
        ("{'a': object()}", "Object of type object is not JSON serializable"),
    ],
)
def test_a_row_that_cannot_be_stored_fails_the_step_after_the_good_ones_landed(
    stage, payload, text
):
    stage.body(
        f"""
        job_input.send_object_for_ingestion({{"a": 1}}, "t")
        job_input.send_object_for_ingestion({payload}, "t")
        job_input.send_object_for_ingestion({{"a": 2}}, "t")
        """
    )
    ended = stage.run()
    ended.says(text, "10_step.py:4 in run")
    assert (ended.exit, ended.status) == (1, "User error")
    assert stage.rows("select a from t") == [(1,), (2,)]


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ("{'a': 1}", "was 'a dict in row 25001'"),
        ("[1, 2]", "Row 25001 has 2 values"),
        ("[{1}]", "Row 25001: Object of type set"),
        ("5", "Row 25001 is of type int"),
    ],
)
def test_rows_are_counted_and_checked_over_the_whole_call(stage, row, text):
    stage.body(
        f"job_input.send_tabular_data_for_ingestion([[i] for i in range(25000)] + [{row}], ['a'], 't')"
    )
    ended = stage.run()
    ended.says(text, "10_step.py:2 in run")
    assert (ended.exit, ended.status) == (1, "User error")


def test_a_row_that_opens_a_page_may_be_short_as_any_later_one(stage):
    stage.body(
        "job_input.send_tabular_data_for_ingestion([[i, i] for i in range(10000)] + [[-1]], ['a', 'b'], 't')"
    )
    stage.run().succeeded()
    assert stage.rows("select a, b from t where b is null") == [(-1, None)]


def test_tabular_row_that_cannot_be_stored_raises_in_the_step(stage):
    stage.body(
        """
        from vdk.internal.builtin_plugins.ingestion.exception import IngestionException, JsonSerializationIngestionException
        for rows, columns, table in (([(1, {2})], ["a", "b"], "t"), ([(1, 2)], ["a"], "t"), (5, ["a"], "t"), ([], [], None), ([(1,)], 5, "t")):
            try:
                job_input.send_tabular_data_for_ingestion(rows, columns, table)
            except IngestionException as error:
                print(type(error).__name__)
        """
    )
    assert stage.run().succeeded().stdout.split() == [
        "JsonSerializationIngestionException",
        "PayloadIngestionException",
        "InvalidArgumentsIngestionException",
        "InvalidArgumentsIngestionException",
        "InvalidArgumentsIngestionException",
    ]


def test_failing_source_of_rows_raises_its_own_exception(stage):
    stage.body(
        """
        def rows():
            yield (1,)
            raise LookupError("the source is dry")
        try:
            job_input.send_tabular_data_for_ingestion(rows(), ["a"], "t")
        except LookupError as error:
            print(error)
        """
    )
    assert stage.run().succeeded().stdout == "the source is dry\n"


# An interpreter whose SQLite is linked in with hidden symbols, as far as the program can tell.
HIDDEN_SQLITE = """
import _sqlite3, sqlite3
sqlite3.dbapi2
_sqlite3.__file__ = "/usr/lib/libdl.so.2"
"""


@pytest.fixture(params=["called", "hidden"])
def sqlite(stage, request):
    if request.param == "hidden":
        stage.step(HIDDEN_SQLITE, "00_hide.py")
    return stage


def test_sqlite_table_grows_with_the_rows_and_keeps_its_defaults(sqlite):
    sqlite.body(
        """
        job_input.execute_query('create table "odd name" (a integer not null default 5, B text, c text default "x")')
        job_input.send_object_for_ingestion({"a": None, "b": "by case"}, "odd name")
        job_input.send_object_for_ingestion({"id": 1}, "own")
        """
    )
    sqlite.body(
        """
        import datetime
        job_input.send_object_for_ingestion(
            {"ID": 2, "more": 1.5, "blob": b"\\x00", "nested": [1], "flag": True, "day": datetime.date(2024, 2, 29)}, "own")
        """,
        "20_more.py",
    )
    sqlite.run().succeeded()
    assert sqlite.rows('select a, b, c from "odd name"') == [(5, "by case", None)]
    assert sqlite.rows("select id, more, blob, nested, flag, day from own order by id") == [
        (1, None, None, None, None, None),
        (2, 1.5, b"\x00", "[1]", 1, "2024-02-29"),
    ]


def test_sqlite_step_and_core_share_one_file_and_lose_no_row(sqlite):
    sqlite.body(
        """
        import os, sqlite3
        job_input.execute_query("create table own (i integer)")
        mine = sqlite3.connect(os.environ["VDK_SQLITE_FILE"], isolation_level=None)
        for i in range(50):
            job_input.send_object_for_ingestion({"i": i}, "sent")
            job_input.execute_query(f"insert into own values ({i})")
            mine.execute("insert into own values (?)", (i + 100,))
        mine.close()
        """
    )
    sqlite.run(VDK_INGESTER_PAYLOAD_SIZE_BYTES_THRESHOLD="1").succeeded()
    assert sqlite.rows("select count(*), count(distinct i) from own") == [(100, 100)]
    assert sqlite.rows("select count(*), count(distinct i) from sent") == [(50, 50)]


def test_sqlite_table_of_others_is_not_altered(sqlite):
    sqlite.body(
        """
        job_input.execute_query("create table t (a)")
        job_input.send_tabular_data_for_ingestion([(1, 2)], ["a", "b"], "t")
        """
    )
    ended = sqlite.run()
    ended.says('The table has no column "b"; its columns are: a.', "1 row was rejected")
    assert (ended.exit, ended.status) == (1, "User error")
    assert sqlite.rows("select count(*) from t") == [(0,)]


def test_summary_says_one_row_or_two_rows_and_one_line_for_each_reason(stage):
    stage.body(
        """
        job_input.execute_query("create table t (a integer not null check (a > 0))")
        job_input.execute_query("create table u (a integer)")
        job_input.send_tabular_data_for_ingestion([[1], [-1]], ["a"], "t")
        job_input.send_tabular_data_for_ingestion([[1, 2]], ["a", "b"], "u", contract="discard_value")
        job_input.send_tabular_data_for_ingestion([[1], [2]], ["a"], "v")
        """
    )
    ended = stage.run(VDK_INGEST_MAX_REJECTED_ROWS="1").succeeded()
    said = [line.partition("]- ")[2] for line in ended.stderr.splitlines() if "report_" in line]
    assert said == [
        "1 row stored in table t by sqlite (exactly once)",
        "1 row rejected for table t: CHECK constraint failed: a > 0 (check, first row 2)",
        "1 row stored in table u by sqlite (exactly once)",
        '1 row or value left out for table u: The table has no column "b"; its columns are: a. '
        "(unknown_column, column b, first row 1)",
        "2 rows stored in table v by sqlite (exactly once)",
    ]


def test_sqlite_tables_are_not_created_where_that_is_switched_off(sqlite):
    sqlite.body("job_input.send_object_for_ingestion({'a': 1}, 't')")
    ended = sqlite.run(VDK_SQLITE_INGEST_AUTO_CREATE_TABLE_ENABLED="false")
    ended.says("does not exist in", "Make sure the destination_table exists")
    assert ended.exit == 1


def test_columns_of_arrow_streams_are_taken(stage):
    stage.body(
        """
        import duckdb
        rows = duckdb.sql("select i, 'n' || i as name, i / 2 as half from range(100000) r(i)")
        job_input.send_object_for_ingestion(rows, "own_names")
        job_input.send_tabular_data_for_ingestion(rows, ["a", "b", "c"], "given_names")
        """
    )
    stage.run().succeeded()
    expected = [(100000, 4999950000, "n99999", 49999.5)]
    assert stage.rows("select count(*), sum(i), max(name), max(half) from own_names") == expected
    assert stage.rows("select count(*), sum(a), max(b), max(c) from given_names") == expected


def in_duckdb(stage, query):
    with duckdb.connect(str(stage.out / "duck.db")) as connection:
        return connection.execute(query).fetchall()


@pytest.fixture
def duck(stage):
    stage.env |= {
        "VDK_DB_DEFAULT_TYPE": "duckdb",
        "VDK_INGEST_METHOD_DEFAULT": "duckdb",
        "VDK_DUCKDB_DATABASE": str(stage.out / "duck.db"),
    }
    return stage


def test_duckdb_table_gets_the_types_of_the_rows_and_grows_with_them(duck):
    duck.body(
        """
        import datetime, decimal
        job_input.send_object_for_ingestion({"i": 1, "f": 1.1, "b": True, "s": "x", "none": None, "blob": b"\\x00",
            "day": datetime.date(2024, 2, 29), "at": datetime.datetime(2024, 2, 29, 1, 2, 3, 4),
            "zone": datetime.datetime(2024, 2, 29, tzinfo=datetime.timezone.utc),
            "dec": decimal.Decimal("12.345"), "nested": {"a": [1]}}, "t")
        """
    )
    duck.body(
        "job_input.send_object_for_ingestion({'i': 2.5, 'more': 'new', 'none': 3, 'dec': __import__('decimal').Decimal('1.23456')}, 't')",
        "20_more.py",
    )
    duck.run().succeeded()
    types = dict(row[:2] for row in in_duckdb(duck, "describe t"))
    assert types == {
        "i": "DOUBLE",
        "f": "DOUBLE",
        "b": "BOOLEAN",
        "s": "VARCHAR",
        "none": "BIGINT",
        "blob": "BLOB",
        "day": "DATE",
        "at": "TIMESTAMP",
        "zone": "TIMESTAMP WITH TIME ZONE",
        "dec": "DECIMAL(38,5)",
        "nested": "JSON",
        "more": "VARCHAR",
    }
    assert in_duckdb(
        duck, "select i, f, s, more, none, cast(dec as varchar) from t order by i"
    ) == [(1.0, 1.1, "x", None, None, "12.34500"), (2.5, None, None, "new", 3, "1.23456")]


def test_duckdb_table_of_others_is_not_altered(duck):
    (duck.job / "10_create.sql").write_text("create table t (a bigint)")
    duck.body("job_input.send_object_for_ingestion({'a': 1, 'b': 2}, 't')", "20_send.py")
    ended = duck.run()
    ended.says('The table has no column "b"; its columns are: a.', "1 row was rejected")
    assert (ended.exit, ended.status) == (1, "User error")
    assert in_duckdb(duck, "select count(*) from t") == [(0,)]


def test_duckdb_step_and_core_share_one_engine(duck):
    duck.body(
        """
        import duckdb
        job_input.execute_query("create table own (i bigint)")
        with duckdb.connect(str(job_input.get_temporary_write_directory() / "duck.db")) as mine:
            for i in range(20):
                job_input.send_object_for_ingestion({"i": i}, "sent")
                job_input.execute_query(f"insert into own values ({i})")
                mine.execute(f"insert into own values ({i + 100})")
        """
    )
    duck.run(VDK_INGESTER_PAYLOAD_SIZE_BYTES_THRESHOLD="1").succeeded()
    assert in_duckdb(duck, "select count(*) from own") == [(40,)]
    assert in_duckdb(duck, "select count(*) from sent") == [(20,)]


def test_duckdb_settings_of_the_configuration_apply(duck):
    duck.body("print(job_input.execute_query(\"select current_setting('threads')\"))")
    ended = duck.run(VDK_DUCKDB_CONFIGURATION_DICTIONARY='{"threads": 1}').succeeded()
    assert ended.stdout == "[(1,)]\n"
    ended = duck.run(VDK_DUCKDB_CONFIGURATION_DICTIONARY='{"no_such_setting": 1}')
    ended.says("duckdb_configuration_dictionary cannot be applied", "no_such_setting")
    assert ended.exit == 1


def test_missing_duckdb_module_names_the_remedy(duck):
    blocked = duck.root / "blocked"
    blocked.mkdir()
    for name in ("duckdb", "_duckdb"):
        (blocked / f"{name}.py").write_text("raise ImportError('there is none')")
    duck.body("job_input.execute_query('select 1')")
    ended = duck.run(PYTHONPATH=str(blocked))
    ended.says("its Python environment has no module duckdb", "-m pip install 'duckdb")
    assert ended.exit == 1


def test_values_of_numpy_and_pandas_arrive_by_what_they_mean(stage):
    found = subprocess.run([PYTHON, "-c", "import numpy, pandas"], capture_output=True)
    if found.returncode != 0:
        pytest.skip(f"{PYTHON} lacks numpy or pandas")
    stage.body(
        """
        import numpy as np, pandas as pd
        job_input.send_object_for_ingestion({
            "i": np.int64(3), "f": np.float32(1.5), "b": np.bool_(True), "array": np.array([1, 2]),
            "at": np.datetime64("2024-02-29T01:02:03.000004005"), "day": np.datetime64("2024-02-29"),
            "nat": pd.NaT, "na": pd.NA, "nan": np.nan}, "scalars")
        job_input.send_object_for_ingestion(pd.DataFrame({"a": [1, 2], "text": ["x", None]}), "frame")
        job_input.send_tabular_data_for_ingestion(np.arange(4).reshape(2, 2), ["a", "b"], "matrix")
        """
    )
    stage.run().succeeded()
    assert stage.rows("select * from scalars") == [
        (3, 1.5, 1, "[1, 2]", "2024-02-29 01:02:03.000004", "2024-02-29", None, None, None)
    ]
    assert stage.rows("select a, text from frame") == [(1, "x"), (2, None)]
    assert stage.rows("select a, b from matrix") == [(0, 1), (2, 3)]
