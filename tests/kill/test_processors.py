"""Exactly once through Python processors: the loads of tests/kill/test_resume.py with plugins before and behind them."""

import os
import pathlib
import random
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
VDK = os.environ.get("VDK_BIN", str(ROOT / "build/release/bin/vdk"))
PYTHON = os.environ.get("VDK_COMPAT_PYTHON", str(ROOT / ".venv/bin/python"))
KILLS = [5, pytest.param(100, marks=pytest.mark.full)]
ROWS = 40_000
POINTS = ["before_rows", "before_ledger", "before_commit", "after_commit"]

STEP = f"""
def run(job_input):
    for i in range({ROWS}):
        job_input.send_object_for_ingestion({{"i": i, "text": "row", "empty": None}}, destination_table="t")
"""

PLUGIN = """
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

@hookimpl
def initialize_job(context):
    context.ingester.add_ingester_factory_method("double", Double)
"""


@pytest.fixture
def run(tmp_path, environment):
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
        process = subprocess.Popen(
            [VDK, "run", "job", *arguments],
            cwd=tmp_path,
            env={
                **environment,
                "VDK_PYTHON": PYTHON,
                "PYTHONPATH": str(site),
                "VDK_INGEST_PAYLOAD_PREPROCESS_SEQUENCE": "double",
                "VDK_INGEST_PAYLOAD_POSTPROCESS_SEQUENCE": "double",
                "VDK_INGESTER_PAYLOAD_SIZE_BYTES_THRESHOLD": "200000",
                **variables,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
        return process.returncode, output

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
