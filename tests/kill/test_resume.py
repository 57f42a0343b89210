"""Exactly once: a run that is killed anywhere and resumed stores each row that its steps sent once.

The oracle: without resume a table holds the beginning of what was sent, in order; with resume all of it.
"""

import os
import pathlib
import random
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PYTHON = os.environ.get("VDK_COMPAT_PYTHON", str(ROOT / ".venv/bin/python"))
KILLS = [10, pytest.param(200, marks=pytest.mark.full)]
ROWS = 60_000
POINTS = ["before_rows", "before_ledger", "before_commit", "after_commit"]
SWAP_POINTS = ["before_swap_ledger", "before_swap_commit", "after_swap_commit"]

FIRST = """
def run(job_input):
    job_input.send_tabular_data_for_ingestion(
        rows=((i,) for i in range(1000)), column_names=["i"], destination_table="first")
"""

SECOND = f"""
def run(job_input):
    for i in range({ROWS} // 2):
        job_input.send_object_for_ingestion({{"i": i, "text": f"row {{i}}"}}, destination_table="t")
    job_input.send_tabular_data_for_ingestion(
        rows=((i, f"row {{i}}") for i in range({ROWS} // 2, {ROWS})),
        column_names=["i", "text"],
        destination_table="t",
    )
"""

REPLACE = SECOND.replace('destination_table="t"', 'destination_table="t", disposition="replace"')


@pytest.fixture
def run(run_for, tmp_path, environment):
    """Runs the job; the keywords are further environment variables."""

    def run(*arguments, second=SECOND, seconds=None, **variables):
        job = tmp_path / "job"
        job.mkdir(exist_ok=True)
        (job / "10_first.py").write_text(FIRST)
        (job / "20_second.py").write_text(second)
        return run_for(
            seconds, ["run", "job", *arguments], {**environment, "VDK_PYTHON": PYTHON, **variables}
        )

    return run


def is_prefix(rows):
    return rows == list(range(len(rows)))


def is_complete(database):
    return database.rows("first") == list(range(1000)) and database.rows("t") == list(range(ROWS))


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("times", [1, 3])
def test_a_run_killed_at_a_named_point_goes_on_there(run, database, point, times):
    code, output = run(VDK_KILL_POINT=f"ingest.{point}:{times}")
    assert code == -9, output
    assert is_prefix(database.rows("first")) and is_prefix(database.rows("t"))
    code, output = run("--resume", "last")
    assert code == 0, output
    assert database.rows("first") == list(range(1000))
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
        # Killed again while it goes on, twice, and then left alone.
        for seconds in (chance.uniform(0, whole), chance.uniform(0, whole), None):
            assert is_prefix(database.rows("t")), where
            if code == 0:
                break
            assert code == -9, f"{where}: {output}"
            killed += 1
            code, output = run("--resume", "last", seconds=seconds)
            if "cannot be resumed" in output or "no run" in output:
                # It died before it had begun, or when all was done.
                code, output = (0, "") if is_complete(database) else run(seconds=seconds)
        assert code == 0, f"{where}: {output}"
        assert is_complete(database), where
        database.clear()


@pytest.mark.parametrize("point", POINTS + SWAP_POINTS)
def test_a_replaced_table_has_the_old_rows_or_the_new(run, database, point):
    old = FIRST.replace('"first"', '"t"')
    code, output = run("--only-step", "20_second.py", second=old)
    assert code == 0, output
    code, output = run(
        "--only-step", "20_second.py", second=REPLACE, VDK_KILL_POINT=f"ingest.{point}"
    )
    assert code == -9, output
    new = list(range(ROWS))
    assert database.rows("t") == (new if point == "after_swap_commit" else list(range(1000)))
    code, output = run("--only-step", "20_second.py", "--resume", "last", second=REPLACE)
    assert code == 0, output
    assert database.rows("t") == new


def test_a_step_that_does_not_repeat_its_rows_is_stopped(run, database):
    code, output = run(VDK_KILL_POINT="ingest.after_commit:3")
    assert code == -9, output
    before = database.rows("t")
    assert before
    other = SECOND.replace('{"i": i,', '{"i": i + 1,')
    assert other != SECOND
    code, output = run("--resume", "last", second=other)
    assert code == 1
    assert "does not repeat its rows" in output
    assert database.rows("t") == before


def test_there_is_nothing_to_resume_after_a_success(run):
    code, output = run()
    assert code == 0, output
    code, output = run("--resume", "last")
    assert code == 1
    assert "ended well" in output
