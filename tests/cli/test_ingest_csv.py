"""`ingest-csv`, `export-csv`, `ingest` and `export`: what goes in, what comes out, what is refused."""

import json
import os
import sqlite3
import subprocess
from pathlib import Path

import pytest
from stage import PYTHON, TIME_LIMIT_SECONDS, VDK
from stage import Stage as BaseStage

NATIVE_KEYWORDS = (
    "sep delimiter header names usecols dtype skiprows nrows quotechar escapechar encoding decimal "
    "thousands na_values keep_default_na comment"
).split()


class Stage(BaseStage):
    """With a SQLite database as default for everything."""

    def __init__(self, root: Path):
        super().__init__(root)
        self.env |= {
            "VDK_DB_DEFAULT_TYPE": "sqlite",
            "VDK_INGEST_METHOD_DEFAULT": "sqlite",
            "VDK_SQLITE_FILE": str(root / "sqlite.db"),
            "VDK_DUCKDB_DATABASE": str(root / "duck.db"),
        }

    def file(self, content: str | bytes, name: str = "people.csv") -> str:
        data = content.encode() if isinstance(content, str) else content
        (self.root / name).write_bytes(data)
        return name

    def run(self, *words: str, stdin: bytes = b"", **env: str) -> subprocess.CompletedProcess:
        ended = subprocess.run(
            [str(VDK), *words],
            cwd=self.root,
            env=self.env | env,
            input=stdin,
            capture_output=True,
            timeout=TIME_LIMIT_SECONDS,
        )
        ended.stdout, ended.stderr = ended.stdout.decode(), ended.stderr.decode()
        for noise in ("Traceback (most recent call last)", "terminate called", "what():"):
            assert noise not in ended.stderr, ended.stderr
        return ended

    def good(self, *words: str, **keywords) -> subprocess.CompletedProcess:
        ended = self.run(*words, **keywords)
        assert (ended.returncode, ended.stderr) == (0, ""), ended
        return ended

    def bad(self, *words: str, says: str, exit_code: int = 1, **keywords) -> None:
        ended = self.run(*words, **keywords)
        assert (ended.returncode, ended.stdout) == (exit_code, ""), ended
        assert says in ended.stderr, ended.stderr

    def query(self, sql: str) -> list[tuple]:
        database = sqlite3.connect(self.root / "sqlite.db")
        try:
            return database.execute(sql).fetchall()
        finally:
            database.close()

    def tables(self) -> list[str]:
        if not (self.root / "sqlite.db").exists():
            return []
        names = self.query("select name from sqlite_master where type = 'table' order by 1")
        return [name for (name,) in names if not name.startswith("_vdk_")]


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path)


def test_a_file_becomes_a_table_of_its_name(stage):
    stage.file("id,name,born\n1,Ann,2001-02-03\n2,,2004-05-06\n")
    ended = stage.good("ingest-csv", "-f", "people.csv")
    assert ended.stdout == f"Ingesting csv file {stage.root}/people.csv finished.\n"
    assert stage.query("select * from people") == [
        (1, "Ann", "2001-02-03"),
        (2, None, "2004-05-06"),
    ]


def test_the_table_can_be_named(stage):
    stage.good("ingest-csv", "--file", stage.file("a\n1\n"), "--table-name", "some_table")
    assert stage.query("select a from some_table") == [(1,)]


def test_missing_values_are_null_and_empty_rows_are_dropped(stage):
    stage.file("a,b\nNA,x\nnull,\n,N/A\n<NA>,nan\nNone,y\n")
    stage.good("ingest-csv", "-f", "people.csv")
    assert stage.query("select a, b from people") == [(None, "x"), (None, "y")]


@pytest.mark.parametrize(
    ("text", "rows", "types"),
    [
        # Upstream fails on the first three; it stores the fourth as text and the fifth as REAL.
        ("a,b\n1,2\n3,4\n", [(1, 2), (3, 4)], ("integer", "integer")),
        ("a,b\nTrue,False\n", [(1, 0)], ("integer", "integer")),
        ("a,b\n9223372036854775807,-1\n", [(2**63 - 1, -1)], ("integer", "integer")),
        ("a,b\n1.5,2\n", [(1.5, 2)], ("real", "integer")),
        ("a,b\n1,9007199254740993\n,5\n3,\n", [(1, 2**53 + 1), (None, 5), (3, None)], None),
    ],
)
def test_numbers_stay_what_they_are(stage, text, rows, types):
    stage.file(text)
    stage.good("ingest-csv", "-f", "people.csv")
    assert stage.query("select a, b from people") == rows
    if types:
        assert stage.query("select typeof(a), typeof(b) from people limit 1") == [types]


def test_a_header_alone_makes_no_table(stage):
    stage.file("a,b\n")
    stage.good("ingest-csv", "-f", "people.csv")
    assert stage.tables() == []


def test_names_of_columns_may_have_blanks_and_dashes(stage):
    stage.file("first name,e-mail,a.b\nAnn,x,1\n")
    stage.good("ingest-csv", "-f", "people.csv")
    assert stage.query('select "first name", "e-mail", "a.b" from people') == [("Ann", "x", 1)]


def test_keywords_of_pandas_are_native(stage):
    stage.file("skipped\nA;B;C\n1.000,5;'x;y';#\n-;z;3\n".encode("utf-16"))
    options = {
        "sep": ";",
        "quotechar": "'",
        "decimal": ",",
        "thousands": ".",
        "skiprows": 1,
        "names": ["n", "t", "c"],
        "header": 0,
        "usecols": ["n", "t"],
        "na_values": ["-"],
        "encoding": "utf-16",
        "nrows": 2,
    }
    assert set(options) <= set(NATIVE_KEYWORDS)
    # There is no pandas here that could help.
    stage.good(
        "ingest-csv", "-f", "people.csv", "-o", json.dumps(options), VDK_PYTHON="/usr/bin/false"
    )
    assert stage.query("select * from people") == [(1000.5, "x;y"), (None, "z")]


def test_other_keywords_hand_over_to_pandas(stage):
    pytest.importorskip("pandas")
    stage.file("id,born,name\n1,3 Feb 2001,\n2,4 Mar 2002,Bob\n")
    options = {"parse_dates": ["born"], "date_format": "%d %b %Y", "na_filter": True}
    stage.good("ingest-csv", "-f", "people.csv", "-o", json.dumps(options))
    assert stage.query("select * from people") == [
        (1, "2001-02-03T00:00:00", None),
        (2, "2002-03-04T00:00:00", "Bob"),
    ]
    assert list((stage.root / "home").glob("vdk-*")) == []


def test_packed_files_hand_over_to_pandas(stage):
    pytest.importorskip("pandas")
    import gzip

    stage.file(gzip.compress(b"a,b\n1,x\n"), "people.csv.gz")
    stage.good("ingest", "people.csv.gz", "--table", "people")
    assert stage.query("select * from people") == [(1, "x")]


def test_what_pandas_refuses_is_told_in_its_words(stage):
    pytest.importorskip("pandas")
    stage.file("a\n1\n")
    stage.bad("ingest-csv", "-f", "people.csv", "-o", '{"no_such": 1}', says="argument 'no_such'")


def test_without_pandas_the_keyword_is_named(stage):
    python = stage.root / "python"
    python.write_text(f'#!/bin/sh\nexec "{PYTHON}" -S "$@"\n')  # without its packages
    python.chmod(0o755)
    stage.file("a\n1\n")
    stage.bad(
        "ingest-csv", "-f", "people.csv", "-o", '{"parse_dates": ["a"]}',
        says="The CSV option parse_dates is not supported.", VDK_PYTHON=str(python),
    )  # fmt: skip


def test_no_arguments_print_the_help(stage):
    for command in ("ingest-csv", "export-csv"):
        assert stage.good(command).stdout.startswith(f"Usage: vdk {command} [OPTIONS]\n")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,b\n1,2\n1,2,3\n", "people.csv, line 3: The record has 3 fields, and there are 2"),
        ('a,b\n1,"x\n2,y\n', "people.csv, line 2: A quote is opened in this record and never"),
        ("a,a\n1,2\n", "two columns have the name a"),
        (b"a\ncaf\xe9\n", "people.csv, line 2: The text is not in the encoding utf-8."),
        (b"a\nx\0y\n", "people.csv, line 2: The file holds a NUL byte."),
        ("", "people.csv has no columns."),
    ],
)
def test_a_malformed_file_is_refused_before_a_row_is_sent(stage, text, says):
    stage.file(text)
    stage.bad("ingest-csv", "-f", "people.csv", says=says)
    assert stage.tables() == []


def test_columns_are_not_chosen_where_it_is_open_which_is_which(stage):
    stage.file("a,b\n1,2,3\n")
    says = "people.csv, line 2: The record has 3 fields, and there are 2 columns."
    stage.bad("ingest-csv", "-f", "people.csv", "-o", '{"usecols": ["b"]}', says=says)
    assert stage.tables() == []
    stage.file("a,b\n1,2\n4,5,6\n")  # only where it begins
    stage.good("ingest-csv", "-f", "people.csv", "-o", '{"usecols": ["b"]}')
    assert stage.query("select * from people") == [(2,), (5,)]


def test_bad_command_lines_are_refused(stage):
    stage.file("a\n1\n")
    stage.bad("ingest-csv", "-f", "absent.csv", says="File 'absent.csv' does not", exit_code=2)
    stage.bad("ingest-csv", "-f", "home", says="File 'home' is a directory.", exit_code=2)
    stage.bad("ingest-csv", "-t", "x", says="Missing option '-f' / '--file'.", exit_code=2)
    stage.bad("ingest-csv", "-f", "people.csv", "-o", "{", says="--options is not valid JSON")
    stage.bad("ingest-csv", "-f", "people.csv", "-o", "[]", says="--options is no JSON object")
    stage.bad("ingest-csv", "-f", "people.csv", "-o", '{"nrows": -1}', says="nrows is -1, and must")
    stage.bad("ingest", "people.csv", "-", says="Missing option '-t' / '--table'", exit_code=2)
    stage.bad("ingest", "-", "-", "-t", "t", says="can be read once", exit_code=2)
    stage.bad("ingest", stage.file("x", "x.bin"), says="The format of x.bin is not known by its")
    stage.bad("ingest", "people.csv", "--format", "xml", says="There is no file format 'xml'.")
    stage.bad("ingest", "people.csv", "--method", "no_such", says="no_such")
    assert stage.tables() == []


def test_standard_input_is_ingested(stage):
    stage.good("ingest", "-", "--table", "t", stdin=b"a,b\n1,x\n")
    stage.good("ingest", "-", "--table", "t", "--format", "jsonl", stdin=b'{"a": 2, "b": "y"}')
    stage.good("ingest-csv", "-f", "-", "-t", "t", stdin=b"a,b\n3,z\n")
    assert stage.query("select a, b from t") == [(1, "x"), (2, "y"), (3, "z")]


def test_several_files_are_one_source(stage):
    stage.file("a,b\n1,2\n", "one.csv")
    stage.file("b,a\nx,\n", "two.csv")
    ended = stage.good("ingest", "one.csv", "two.csv", "--table", "t")
    assert ended.stdout == "2 rows ingested into t (sqlite).\n"
    assert stage.query("select a, b, typeof(b) from t") == [(1, "2", "text"), (None, "x", "text")]


def test_method_and_target_can_be_named(stage):
    stage.file("a\n1\n")
    target = stage.root / "other.db"
    ended = stage.good("ingest", "people.csv", "--method", "sqlite", "--target", str(target))
    assert ended.stdout == f"1 row ingested into people (sqlite, {target}).\n"
    assert sqlite3.connect(target).execute("select a from people").fetchall() == [(1,)]
    assert stage.tables() == []


@pytest.mark.parametrize("command", [["ingest"], ["ingest-csv", "-f"]])
def test_without_a_method_the_default_database_is_the_place(stage, command):
    name = stage.file("id\n1\n")
    ended = stage.run(*command, name, VDK_INGEST_METHOD_DEFAULT="")
    assert ended.returncode == 0, ended.stderr
    assert stage.run("sql", "select id from people", "-o", "csv").stdout == "id\n1\n"


def test_json_lines_come_back_as_they_were(stage):
    text = '{"a": 1, "b": "é\\n\\"", "c": null}\n{"a": 2, "b": null, "c": 1.5}\n'
    stage.good("ingest", stage.file(text, "rows.jsonl"))
    assert stage.query("select * from rows") == [(1, 'é\n"', None), (2, None, 1.5)]
    stage.good("export", "-q", "select * from rows", "-f", "out.jsonl")
    assert (stage.root / "out.jsonl").read_text() == text


def test_rows_are_exported_without_names(stage):
    stage.file('a,b,c\n1,"x,""y""",True\n2,,False\n1.5," \n",\n')
    stage.good("ingest-csv", "-f", "people.csv")
    ended = stage.good("export-csv", "-q", "select a, b, c from people")
    assert ended.stdout.endswith(f" {stage.root}/result.csv\n")
    assert (stage.root / "result.csv").read_bytes() == b'1.0,"x,""y""",1\n2.0,,0\n1.5," \n",\n'


def test_each_value_is_written_as_it_is(stage):
    sql = "select 1 as x union all select 1.5 union all select 'a' union all select null"
    stage.good("export-csv", "-q", sql, "-f", "out.csv")
    assert (stage.root / "out.csv").read_text() == '1\n1.5\na\n""\n'


def test_nothing_is_an_empty_file(stage):
    stage.good("export-csv", "-q", "select 1 where false", "-f", "none.csv")
    stage.good("export-csv", "-q", "create table t (a)", "-f", "ddl.csv")
    stage.good("export", "-q", "select 1 as x where false", "-f", "names.csv", "--header")
    texts = [(stage.root / name).read_text() for name in ("none.csv", "ddl.csv", "names.csv")]
    assert texts == ["", "", "x\n"]


def test_rows_are_exported_to_parquet_with_their_types(stage):
    sql = (
        "select range as id, date '2020-01-02' as day, 1.50::decimal(10, 2) as price, "
        "case when range > 1 then 'x' end as note from range(3)"
    )
    stage.good("export", "-q", sql, "-d", "duckdb", "-f", "out.parquet")
    ended = stage.good(
        "sql",
        "-d",
        "duckdb",
        "-o",
        "csv",
        "select *, typeof(day), typeof(price) from 'out.parquet'",
    )
    assert ended.stdout.splitlines()[1:] == [
        f'{n},2020-01-02,1.50,{note},DATE,"DECIMAL(38,2)"'
        for n, note in ((0, ""), (1, ""), (2, "x"))
    ]
    stage.good("ingest", "out.parquet", "-t", "back")
    stage.good("export", "-q", "select 1 as a where false", "-f", "none.parquet")
    ended = stage.good(
        "sql", "-d", "duckdb", "-o", "csv", "select count(a) as n from 'none.parquet'"
    )
    assert ended.stdout == "n\n0\n"
    assert not list((stage.root / "home").glob("vdk-parquet-*"))


def test_ingested_files_replace_a_table(stage):
    for content in ("a\n1\n2\n", "a\n3\n"):
        stage.good("ingest", stage.file(content), "-t", "t", "-c", "ingest_disposition=replace")
    assert sqlite3.connect(stage.root / "sqlite.db").execute("select a from t").fetchall() == [(3,)]


def test_export_writes_to_standard_output(stage):
    ended = stage.good("export", "-q", "select 1 as a, 'x' as b", "-f", "-", "--header")
    assert ended.stdout == "a,b\n1,x\n"
    ended = stage.good("export", "-q", "select 1 as a", "-f", "-", "--format", "jsonl")
    assert ended.stdout == '{"a": 1}\n'


def test_export_never_replaces_a_file(stage):
    stage.file("mine", "result.csv")
    stage.bad("export-csv", "-q", "select 1", says=f"{stage.root}/result.csv exists already.")
    stage.bad("export", "-q", "select 1", "-f", "result.csv", says="result.csv exists already.")
    assert (stage.root / "result.csv").read_text() == "mine"


def test_a_failed_export_leaves_no_file(stage):
    before = sorted(os.listdir(stage.root))
    stage.bad("export-csv", "-q", "selec", says='near "selec": syntax error')
    stage.bad(
        "export", "-q", "select 1", "-f", "absent/x.csv", says="absent/x.csv cannot be written"
    )
    stage.bad("export", "-q", "select 1", "-f", "x.bin", says="give '--format'", exit_code=2)
    stage.bad("export-csv", "-f", "x.csv", says="Missing option '-q' / '--query'.", exit_code=2)
    assert sorted(set(os.listdir(stage.root)) - {"sqlite.db"}) == before
