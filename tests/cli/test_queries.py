"""Queries outside a run: `vdk sql` and one ENGINE-query for each database, in every form of output."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VDK = Path(os.environ.get("VDK_BIN", ROOT / "build" / "release" / "bin" / "vdk")).absolute()
MIB = 1 << 20


@pytest.fixture
def vdk(tmp_path):
    def run(*words, text=True, through=(), **options):
        environment = {
            "PATH": os.defpath,
            "HOME": str(tmp_path),
            "TMPDIR": str(tmp_path),
            "LANG": "C.UTF-8",
            "VDK_DB_DEFAULT_TYPE": "sqlite",
            "VDK_SQLITE_FILE": str(tmp_path / "sqlite.db"),
            "VDK_DUCKDB_DATABASE": str(tmp_path / "duck.db"),
        }
        return subprocess.run(
            [*through, VDK, *words],
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output="stdout" not in options,
            text=text,
            timeout=60,
            check=False,
            **options,
        )

    return run


def test_engines_print_their_tables_with_headers(vdk):
    query = "select 1 as id, 'one' as name union all select 22, 'two' order by 1"
    for engine in ("sqlite", "duckdb"):
        done = vdk(f"{engine}-query", "-q", query)
        assert done.stdout == "  id  name\n----  ------\n   1  one\n  22  two\n", done.stderr


def test_statement_without_rows_prints_an_empty_line(vdk):
    assert vdk("sqlite-query", "--query", "create table t (x integer)").stdout == "\n"
    assert vdk("duckdb-query", "--query", "create table t (x integer)").stdout == "\n"
    assert vdk("sqlite-query", "-q", "select * from t").stdout == "x\n---\n"


def test_text_stays_as_it_is_in_an_engines_own_query(vdk):
    # A job would read {pa__op_id} as a parameter.
    done = vdk("sqlite-query", "-q", "select '{pa__op_id}' as t", "-o", "csv")
    assert done.stdout == "t\n{pa__op_id}\n"


def test_each_form_of_output_says_the_same(vdk):
    query = "select 1 as a, 'x, \"y\"' as b, null as c"
    assert json.loads(vdk("sqlite-query", "-q", query, "-o", "json").stdout) == [
        {"a": 1, "b": 'x, "y"', "c": None}
    ]
    rows = list(csv.reader(io.StringIO(vdk("sql", query, "--output", "CSV").stdout)))
    assert rows == [["a", "b", "c"], ["1", 'x, "y"', ""]]
    assert vdk("sql", "create table u (x)", "-o", "json").stdout == "[]\n"
    assert vdk("sql", "create table v (x)", "-o", "csv").stdout == ""


def test_arrow_stream_is_read_by_others(vdk):
    ipc = pytest.importorskip("pyarrow.ipc", reason="pyarrow is not installed")
    query = """
        select i, i::varchar as s, null::bigint as n, i % 2 = 0 as b, i / 4 as r,
               date '2020-01-01' + i::int as d, timestamp '2020-01-01 00:00:01.5' as t, '\\xAA'::blob as x
        from range(25000) as rows(i)"""
    done = vdk("duckdb-query", "-o", "arrow", "-q", query, text=False)
    table = ipc.open_stream(done.stdout).read_all()
    table.validate(full=True)
    assert [str(field.type) for field in table.schema] == [
        "int64", "large_string", "int64", "bool", "double", "date32[day]", "timestamp[us]",
        "large_binary",
    ]  # fmt: skip
    assert table.num_rows == 25000
    assert table.column("i").to_pylist() == list(range(25000))
    assert table.column("n").null_count == 25000
    assert table.slice(3, 1).to_pylist()[0]["x"] == b"\xaa"
    assert str(table.slice(3, 1).to_pylist()[0]["d"]) == "2020-01-04"

    empty = vdk("sqlite-query", "-o", "arrow", "-q", "create table t (x)", text=False)
    assert ipc.open_stream(empty.stdout).read_all().num_rows == 0


def test_arrow_stream_begins_and_ends_as_the_format_says(vdk):
    stream = vdk("sql", "select 1 as x", "-o", "arrow", text=False).stdout
    assert stream.startswith(b"\xff\xff\xff\xff") and stream.endswith(b"\xff\xff\xff\xff\0\0\0\0")
    assert len(stream) % 8 == 0


# Runs a command and says its peak memory in KiB, which would count that of a large parent.
MEASURED = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.parametrize("output", ["table", "json", "csv", "arrow"])
def test_any_number_of_rows_takes_little_memory(vdk, tmp_path, output):
    query = """
        with recursive n(i) as (select 1 union all select i + 1 from n where i < 1500000)
        select i, 'some text to make a row of it ' || i as t from n"""
    with open(tmp_path / "out", "wb") as out:
        words = ("sqlite-query", "-q", query, "-o", output)
        through = (sys.executable, "-c", MEASURED)
        done = vdk(*words, through=through, stdout=out, stderr=subprocess.PIPE)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out").stat().st_size > 50 * MIB
    assert int(done.stderr) * 1024 < 100 * MIB


def test_result_that_cannot_be_written_is_a_failure(vdk):
    with open("/dev/full", "wb") as full:
        done = vdk("sql", "select 1", stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert "The result cannot be written to standard output." in done.stderr


def test_arrow_is_not_for_a_terminal(vdk):
    primary, secondary = os.openpty()
    try:
        done = vdk("sql", "select 1", "-o", "arrow", stdout=secondary, stderr=subprocess.PIPE)
    finally:
        os.close(primary)
        os.close(secondary)
    assert done.returncode == 2
    assert "not for a terminal" in done.stderr


def test_query_is_required_and_may_come_from_standard_input(vdk, tmp_path):
    assert vdk("sqlite-query").returncode == 2
    done = subprocess.run(
        [VDK, "sqlite-query", "-q", "-", "-o", "csv"],
        env={"PATH": os.defpath, "HOME": str(tmp_path), "TMPDIR": str(tmp_path)},
        cwd=tmp_path,
        input="select 7 as x",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "x\n7\n"


def test_failing_statement_is_exit_1_in_the_engines_words(vdk):
    done = vdk("duckdb-query", "-q", "select absent")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "absent" in done.stderr


def test_commands_are_listed_and_completed(vdk):
    assert "sqlite-query" in vdk("--help").stdout
    assert "Ask the DuckDB database" in vdk("duckdb-query", "--help").stdout
    assert "duckdb-query" in vdk("completion", "--words", "").stdout
