"""Exactly once through Python processors: the loads of tests/kill/test_resume.py with plugins before and behind them."""

import os
import pathlib
import random
import re
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PYTHON = os.environ.get("VDK_COMPAT_PYTHON", str(ROOT / ".venv/bin/python"))
KILLS = [5, pytest.param(100, marks=pytest.mark.full)]
ROWS = 40_000
POINTS = ["before_rows", "before_ledger", "before_commit", "after_commit"]

STEP = f"""
def run(job_input):
    for i in range({ROWS}):
        job_input.send_object_for_ingestion({{"i": i, "text": "row", "empty": None}}, destination_table="t")
"""

PLUGIN = '''
from vdk.api.plugin.hook_markers import hookimpl
from vdk.api.plugin.plugin_input import IIngesterPlugin

class Double(IIngesterPlugin):
    def pre_ingest_process(self, payload, metadata, **others):
        for row in payload:
            row["text"] = f"row {row['i']}"
            del row["empty"]
        return payload, {"rows": len(payload)}

    def post_ingest_process(self, payload, metadata, exception, **others):
        assert exception is not None or metadata["rows"] == len(payload)

class Spread(IIngesterPlugin):
    """Makes no row of some, and three of the others; of one of them no table can hold the text."""

    def pre_ingest_process(self, payload, metadata, **others):
        rows = [
            {"i": 3 * row["i"] + n, "text": object() if row["i"] % 500 == n == 1 else "row"}
            for row in payload if row["i"] % 4 for n in range(3)
        ]
        return rows, metadata

@hookimpl
def initialize_job(context):
    context.ingester.add_ingester_factory_method("double", Double)
    context.ingester.add_ingester_factory_method("spread", Spread)
'''


@pytest.fixture
def run(run_for, tmp_path, environment):
    """Runs the job, for so many seconds at most; the keywords are further environment variables."""
    site = tmp_path / "site"
    info = site / "doubling-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: doubling\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[vdk.plugin.run]\ndoubling = doubling_plugin\n")
    (site / "doubling_plugin.py").write_text(PLUGIN)
    job = tmp_path / "job"
    job.mkdir()
    (job / "10_step.py").write_text(STEP)

    def run(*arguments, seconds=None, **variables):
        settings = {
            "VDK_PYTHON": PYTHON,
            "PYTHONPATH": str(site),
            "VDK_INGEST_PAYLOAD_PREPROCESS_SEQUENCE": "double",
            "VDK_INGEST_PAYLOAD_POSTPROCESS_SEQUENCE": "double",
            "VDK_INGESTER_PAYLOAD_SIZE_BYTES_THRESHOLD": "200000",
        }
        return run_for(seconds, ["run", "job", *arguments], environment | settings | variables)

    return run


def is_prefix(rows):
    return rows == list(range(len(rows)))


@pytest.mark.parametrize("point", POINTS)
def test_a_run_killed_at_a_named_point_goes_on_there(run, database, point):
    code, output = run(VDK_KILL_POINT=f"ingest.{point}:2")
    assert code == -9, output
    assert is_prefix(database.rows("t"))
    code, output = run("--resume", "last")
    assert code == 0, output
    assert database.rows("t") == list(range(ROWS))


@pytest.mark.parametrize("kills", KILLS)
def test_a_run_killed_at_any_time_goes_on_there(run, database, kills):
    started = time.monotonic()
    code, output = run()
    assert code == 0, output
    whole = time.monotonic() - started
    database.clear()
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    killed = 0
    while killed < kills:
        where = f"seed {seed}, kill {killed}"
        code, output = run(seconds=chance.uniform(0, whole))
        for seconds in (chance.uniform(0, whole), None):
            assert is_prefix(database.rows("t")), where
            if code == 0:
                break
            assert code == -9, f"{where}: {output}"
            killed += 1
            code, output = run("--resume", "last", seconds=seconds)
            if "cannot be resumed" in output or "no run" in output:
                # It died before it had begun, or when all was done.
                done = database.rows("t") == list(range(ROWS))
                code, output = (0, "") if done else run(seconds=seconds)
        assert code == 0, f"{where}: {output}"
        assert database.rows("t") == list(range(ROWS)), where
        database.clear()


# As Spread has it; a table that refuses some of them, one by one.
SPREAD = [3 * i + n for i in range(ROWS) if i % 4 for n in range(3)]
UNSTORABLE = {3 * i + 1 for i in range(ROWS) if i % 500 == 1}
REFUSED = {i for i in SPREAD if i % 9973 == 0}
STORED = [i for i in SPREAD if i not in UNSTORABLE | REFUSED]
TABLE = "create table if not exists t (i bigint check (i % 9973 <> 0), text varchar(100))"


@pytest.mark.parametrize("times", [2, 3, 4, 7])
def test_a_processor_may_make_other_rows_and_the_table_refuse_some(run, database, tmp_path, times):
    (tmp_path / "job" / "05_table.sql").write_text(TABLE)
    settings = {
        "VDK_INGEST_PAYLOAD_PREPROCESS_SEQUENCE": "spread",
        "VDK_INGEST_PAYLOAD_POSTPROCESS_SEQUENCE": "",
        "VDK_INGEST_MAX_REJECTED_ROWS": str(ROWS),
    }
    code, output = run(VDK_KILL_POINT=f"ingest.after_commit:{times}", **settings)
    assert code == -9, output
    found = database.rows("t")
    assert found and found == STORED[: len(found)]
    code, output = run("--resume", "last", **settings)
    assert code == 0, output
    assert database.rows("t") == STORED
    rejected = re.findall(r"(\d+) rows? rejected for table t", output)
    assert sum(map(int, rejected)) == len(UNSTORABLE | REFUSED)
