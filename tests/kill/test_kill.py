"""What a killed run leaves behind: a prefix of the rows it sent, and no word of success."""

import json
import os
import pathlib
import signal
import sqlite3
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
VDK = os.environ.get("VDK_BIN", str(ROOT / "build/release/bin/vdk"))
PYTHON = os.environ.get("VDK_COMPAT_PYTHON", str(ROOT / ".venv/bin/python"))
ROWS = 400_000

INGEST = f"""
def run(job_input):
    job_input.send_tabular_data_for_ingestion(
        rows=((i, f"row {{i}}") for i in range({ROWS})),
        column_names=["i", "text"],
        destination_table="t",
        method="sqlite",
    )
"""


@pytest.fixture
def start(tmp_path):
    """Starts a run of a job with these files; its events can be read line by line."""
    processes = []

    def start(**files):
        job = tmp_path / "job"
        job.mkdir()
        for name, text in files.items():
            (job / name.replace("__", ".").lstrip("_")).write_text(text)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "VDK_PYTHON": PYTHON,
            "VDK_SQLITE_FILE": str(tmp_path / "db"),
            "VDK_TERMINATION_MESSAGE_WRITER_OUTPUT_FILE": str(tmp_path / "termination"),
            "VDK_INGEST_BATCH_BYTES": "100000",
            "VDK_INGEST_COMMIT_BYTES": "1",
        }
        process = subprocess.Popen(
            [VDK, "run", "job", "--events", "-"],
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()


def wait_for(process, event_type, times=1):
    for line in process.stdout:
        event = json.loads(line)
        if event["type"] == event_type:
            times -= 1
            if times == 0:
                return event
    raise AssertionError(f"the run ended without {event_type}")


def rows_of(tmp_path):
    with sqlite3.connect(tmp_path / "db") as connection:
        return [i for (i,) in connection.execute("select i from t order by rowid")]


def termination_of(tmp_path):
    return json.loads((tmp_path / "termination").read_text())["status"]


@pytest.mark.parametrize("commits", [1, 2, 5, 9])
def test_a_killed_ingestion_leaves_a_prefix_and_no_success(start, tmp_path, commits):
    process = start(_10_ingest__py=INGEST)
    acknowledged = wait_for(process, "rows_committed", commits)["rows"]
    process.send_signal(signal.SIGKILL)
    process.wait()
    stored = rows_of(tmp_path)
    assert stored == list(range(len(stored)))
    assert acknowledged <= len(stored) < ROWS
    assert termination_of(tmp_path) == "Platform error"
    listed = subprocess.run(
        [VDK, "runs", "--output", "json"],
        env={"HOME": str(tmp_path), "PATH": os.environ["PATH"]},
        capture_output=True,
        check=True,
    )
    assert [run["status"] for run in json.loads(listed.stdout)] == ["lost"]


@pytest.mark.parametrize(
    ("number", "exit_code"),
    [(signal.SIGTERM, 143), (signal.SIGINT, 130)],
    ids=["SIGTERM", "SIGINT"],
)
def test_a_signal_ends_an_ingestion_in_order(start, tmp_path, number, exit_code):
    process = start(_10_ingest__py=INGEST, _20_never__sql="create table never (a int)")
    wait_for(process, "rows_committed")
    process.send_signal(number)
    ended = wait_for(process, "run_ended")
    assert process.wait() == exit_code
    assert (ended["exit_code"], ended["termination_status"]) == (exit_code, "Cancelled")
    assert termination_of(tmp_path) == "Cancelled"
    stored = rows_of(tmp_path)
    assert stored == list(range(len(stored)))
    assert ended["rows"] == len(stored)


def test_a_signal_interrupts_a_statement_of_a_sql_step(start, tmp_path):
    endless = (
        "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n"
    )
    process = start(_10_first__sql="create table t (i int)", _20_endless__sql=endless)
    wait_for(process, "step_started", 2)
    process.send_signal(signal.SIGTERM)
    assert wait_for(process, "run_ended")["termination_status"] == "Cancelled"
    assert process.wait() == 143


def test_os_exit_in_a_step_is_not_read_as_success(start, tmp_path):
    process = start(_10_exit__py="import os\n\n\ndef run(job_input):\n    os._exit(0)\n")
    process.wait()
    assert termination_of(tmp_path) == "Platform error"
