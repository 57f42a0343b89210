"""Rows that are hard to hold, sent by a Python step to every sink: each is stored as it is, or refused
with the one reason that it has everywhere, and does no harm to its neighbours.

What a sink cannot hold stands in QUIRKS, and nowhere else.
"""

import csv
import json
import math
import os
import pickle
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest
from http_service import Service
from postgres_server import PostgresServer

duckdb = pytest.importorskip("duckdb")

ROOT = Path(__file__).resolve().parent.parent.parent
VDK = Path(os.environ.get("VDK_BIN", ROOT / "build" / "release" / "bin" / "vdk")).absolute()
TIME_LIMIT_SECONDS = 120
FIRST, LAST = "first", "last"  # the neighbours

# What a row holds beside its name: an expression of Python, and what is read back; RAW stands for
# the value itself.
RAW = object()
POISON = {
    "nul": ('{"v": "a\\0b"}', "a\0b"),
    "surrogate_inside": ('{"v": ["a\\ud800b"]}', ["a\ud800b"]),
    "surrogate": ('{"v": "a\\ud800b"}', "a\ud800b"),
    "no_text": ('{"v": b"\\xff\\xfe"}', b"\xff\xfe"),
    "above_64_bits": ('{"v": 2**63}', 2**63),
    "below_64_bits": ('{"v": -2**63 - 1}', -(2**63) - 1),
    "nan": ('{"v": math.nan}', None),
    "infinity": ('{"v": math.inf}', math.inf),
    "minus_infinity": ('{"v": -math.inf}', -math.inf),
    "nested": ('{"v": json.loads("[" * 200 + "]" * 200)}', json.loads("[" * 200 + "]" * 200)),
    "nan_inside": ('{"v": [1, math.nan]}', [1, math.nan]),
    "nul_inside": ('{"v": ["a\\0b"]}', ["a\0b"]),
    "large": ('{"v": "x" * (100 << 20)}', "x" * (100 << 20)),
    "wide": ('{f"c{i}": True for i in range(10_000)}', RAW),
    "case_only": ('{"v": 1, "V": 2}', RAW),
    "quote_in_name": ("{'we\"ird': 1}", RAW),
    "dot_in_name": ('{"a.b": 1}', RAW),
    "nul_in_name": ('{"a\\0b": 1}', RAW),
    "empty_name": ('{"": 1}', RAW),
}

# The reason with which a sink refuses a row; what is not here it holds.
TABLES = {"wide": "unknown_column", "nul_in_name": "unknown_column"}
QUIRKS = {
    "sqlite": {**TABLES, "case_only": "duplicate_column"},
    "duckdb": {
        "surrogate_inside": "wrong_type",
        "surrogate": "not_utf8",
        "nul_in_name": "unknown_column",
        "empty_name": "unknown_column",
        "case_only": "duplicate_column",
    },
    "postgres": {
        **TABLES,
        "nul": "nul_byte",
        "nul_inside": "nul_byte",
        "surrogate": "not_utf8",
        "empty_name": "unknown_column",
        "case_only": "duplicate_column",
        "nan_inside": "wrong_type",
        "surrogate_inside": "wrong_type",
    },
    "jsonl": {"surrogate": "not_utf8"},
    "csv": {"surrogate": "not_utf8"},
    "parquet": {
        "surrogate_inside": "wrong_type",
        "surrogate": "not_utf8",
        "nul_in_name": "unknown_column",
        "empty_name": "unknown_column",
        "case_only": "duplicate_column",
    },
    "memory": {},
    "http": {
        "surrogate": "not_utf8",
        **dict.fromkeys(
            ("no_text", "nan", "infinity", "minus_infinity", "nan_inside"), "wrong_type"
        ),
    },
}


class Sink:
    """Where the rows go: its settings, and what is there in the end, a list of dicts."""

    def __init__(self, name, root):
        self.name, self.root = name, root
        self.settings = {"VDK_INGEST_METHOD_DEFAULT": name}

    whole_or_none = False  # what a failed step sent is not there at all

    def close(self):
        pass


class Sqlite(Sink):
    def __init__(self, root):
        super().__init__("sqlite", root)
        self.settings["VDK_SQLITE_FILE"] = str(root / "db")

    def rows(self):
        with closing(sqlite3.connect(self.root / "db")) as connection:
            connection.text_factory = lambda data: data.decode("utf-8", "surrogatepass")
            cursor = connection.execute("select * from t order by rowid")
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row)) for row in cursor]


class DuckDb(Sink):
    def __init__(self, root):
        super().__init__("duckdb", root)
        self.settings["VDK_DUCKDB_DATABASE"] = str(root / "db")

    def rows(self):
        with duckdb.connect(str(self.root / "db")) as connection:
            cursor = connection.execute("select * from t order by rowid")
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row)) for row in cursor.fetchall()]


class Postgres(Sink):
    def __init__(self, root, server):
        super().__init__("postgres", root)
        self.server = server
        self.settings |= {
            "VDK_POSTGRES_HOST": str(server.socket_directory),
            "VDK_POSTGRES_PORT": str(server.port),
            "VDK_POSTGRES_USER": server.user,
            "VDK_POSTGRES_PASSWORD": server.password,
            "VDK_POSTGRES_DBNAME": server.database,
        }
        server.sql("drop table if exists t, _vdk_loads, _vdk_tables")

    def rows(self):
        return [json.loads(line) for line in
                self.server.sql("select row_to_json(t) from t order by ctid").splitlines()]  # fmt: skip


class Files(Sink):
    whole_or_none = True

    def __init__(self, form, root):
        super().__init__("file", root)
        self.form = form
        self.settings |= {
            "VDK_INGEST_FILE_FORMAT": form,
            "VDK_INGEST_TARGET_DEFAULT": str(root / "out"),
        }

    def rows(self):
        files = list((self.root / "out" / "t").iterdir())
        if not files:
            return []
        (file,) = files
        if self.form == "csv":
            csv.field_size_limit(1 << 30)
            with file.open(newline="", encoding="utf-8") as opened:
                return list(csv.DictReader(opened))
        return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


class Parquet(Files):
    def rows(self):
        import pyarrow.parquet

        files = list((self.root / "out" / "t").iterdir())
        return [row for file in files for row in pyarrow.parquet.read_table(file).to_pylist()]


class Memory(Sink):
    """A plugin of Python, which gets the caller's own rows."""

    PLUGIN = """
        import pickle
        from vdk.api.plugin.hook_markers import hookimpl
        from vdk.api.plugin.plugin_input import IIngesterPlugin

        class Memory(IIngesterPlugin):
            payloads = []

            def ingest_payload(self, payload, destination_table, **others):
                self.payloads.append(payload)

        @hookimpl
        def initialize_job(context):
            context.ingester.add_ingester_factory_method("memory", Memory)

        @hookimpl
        def finalize_job(context):
            with open("memory", "wb") as file:
                pickle.dump(Memory.payloads, file)
    """

    def __init__(self, root):
        super().__init__("memory", root)
        info = root / "site" / "memory-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: memory\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[vdk.plugin.run]\nmemory = memory_plugin\n")
        (root / "site" / "memory_plugin.py").write_text(textwrap.dedent(self.PLUGIN))
        self.settings["PYTHONPATH"] = str(root / "site")

    def rows(self):
        payloads = pickle.loads((self.root / "memory").read_bytes())
        return [row for payload in payloads for row in payload]


class Http(Sink):
    def __init__(self, root):
        super().__init__("http", root)
        self.service = Service().__enter__()
        self.settings["VDK_INGEST_TARGET_DEFAULT"] = self.service.url()

    def rows(self):
        return self.service.rows

    def close(self):
        self.service.__exit__()


@pytest.fixture(scope="module")
def server():
    with PostgresServer() as running:
        yield running


@pytest.fixture(params=QUIRKS)
def sink(request, tmp_path):
    name = request.param
    if name == "postgres":
        made = Postgres(tmp_path, request.getfixturevalue("server"))
    elif name in ("jsonl", "csv"):
        made = Files(name, tmp_path)
    elif name == "parquet":
        pytest.importorskip("pyarrow")
        made = Parquet(name, tmp_path)
    else:
        kinds = {"sqlite": Sqlite, "duckdb": DuckDb, "http": Http, "memory": Memory}
        made = kinds[name](tmp_path)
    made.quirks = QUIRKS[name]
    yield made
    made.close()


# Calls the program and says how much memory it took. A process that is forked by this one would
# inherit the peak of the tests themselves.
MEASURED = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print("PEAK", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


class Done(NamedTuple):
    exit: int
    said: str
    memory: int  # bytes at its peak


def run(sink, body):
    job = sink.root / "job"
    job.mkdir()
    (job / "10_send.py").write_text(
        "import json, math\n\n\ndef run(job_input):\n"
        + textwrap.indent(textwrap.dedent(body), "    ")
    )
    home = sink.root / "home"
    home.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(VDK), "run", "job"],
        cwd=sink.root,
        env={
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(home),
            "TMPDIR": str(home),
            "LANG": "C.UTF-8",
            "VDK_PYTHON": sys.executable,
            **sink.settings,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=TIME_LIMIT_SECONDS,
    )
    said, _, peak = done.stdout.rpartition("PEAK ")
    return Done(done.returncode, said, int(peak) << 10)


def says_the_same(found, sent):
    """Whether what is read back is the value, in whatever form the sink has for it."""
    if isinstance(found, str) and not isinstance(sent, str):
        if isinstance(sent, bytes):
            return found in ("\\x" + sent.hex(), repr(sent))
        if isinstance(sent, bool):
            return found.lower() == str(sent).lower()
        is_real = sent is None or isinstance(sent, float)
        found = float(found) if is_real else json.loads(found)
    if isinstance(sent, list):
        return json.dumps(found) == json.dumps(sent)
    if sent is None:
        return found is None or found != found
    return float(found) == sent if isinstance(sent, float) else found == sent


@pytest.mark.parametrize(
    "poison",
    [pytest.param(name, marks=pytest.mark.full) if name == "large" else name for name in POISON],
)
def test_poison_is_stored_as_it_is_or_refused_with_one_reason(sink, poison):
    row, sent = POISON[poison]
    done = run(
        sink,
        f"""
        job_input.send_object_for_ingestion({{"name": "{FIRST}"}}, "t")
        job_input.send_object_for_ingestion({{"name": "poison"}} | {row}, "t")
        job_input.send_object_for_ingestion({{"name": "{LAST}"}}, "t")
        """,
    )
    said = done.said
    names = [FIRST, "poison", LAST]
    reason = sink.quirks.get(poison)
    if reason:
        names = [] if sink.whole_or_none else [FIRST, LAST]
        assert done.exit == 1, said[-3000:]
        assert "1 row was rejected" in said or "cannot be written" in said, said[-3000:]
        assert f"({reason}" in said, said[-3000:]
    else:
        assert done.exit == 0, said[-3000:]
    found = sink.rows()
    assert [each["name"] for each in found] == names
    if reason:
        return
    if poison == "large":  # some copies of it, and what interpreter and engine take
        assert done.memory < 10 * len(sent)
    if sent is RAW:
        sent_row = eval(row, {"math": math, "json": json})  # its names are what is looked at
        for name, value in sent_row.items():
            assert says_the_same(found[1][name], value), name
    else:
        assert says_the_same(found[1]["v"], sent), repr(found[1]["v"])[:200]


def test_a_call_without_rows_leaves_nothing_and_harms_nothing(sink):
    done = run(
        sink,
        """
        job_input.send_tabular_data_for_ingestion([], ["name"], "t")
        job_input.send_tabular_data_for_ingestion([["first"]], ["name"], "t")
        job_input.send_tabular_data_for_ingestion(iter(()), ["name"], "t")
        """,
    )
    assert done.exit == 0, done.said
    assert [each["name"] for each in sink.rows()] == ["first"]


def test_types_that_change_from_row_to_row_keep_what_they_say(sink):
    done = run(
        sink,
        """
        for value in (1, "x", 1.5, True, [1], None):
            job_input.send_object_for_ingestion({"name": "n", "v": value}, "t")
        """,
    )
    assert done.exit == 0, done.said
    texts = [None if each["v"] in (None, "") else str(each["v"]) for each in sink.rows()]
    assert [text.lower() if text else text for text in texts] == [
        "1",
        "x",
        "1.5",
        "true",
        "[1]",
        None,
    ]
