"""Exactly once: a run that is killed anywhere and resumed stores each row that its steps sent once."""

import os
import pathlib

import pytest

from .resumed_job import FIRST, POINTS, ROWS, SECOND, Job

ROOT = pathlib.Path(__file__).resolve().parents[2]
PYTHON = os.environ.get("VDK_COMPAT_PYTHON", str(ROOT / ".venv/bin/python"))
KILLS = [10, pytest.param(200, marks=pytest.mark.full)]
SWAP_POINTS = ["before_swap_ledger", "before_swap_commit", "after_swap_commit"]
REPLACE = SECOND.replace('destination_table="t"', 'destination_table="t", disposition="replace"')


@pytest.fixture
def job(tmp_path, run_for, environment):
    return Job(tmp_path, run_for, {**environment, "VDK_PYTHON": PYTHON})


@pytest.fixture
def run(job):
    return job.run


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("times", [1, 3])
def test_a_run_killed_at_a_named_point_goes_on_there(job, database, point, times):
    job.kill_at_point(database, point, times)


@pytest.mark.parametrize("kills", KILLS)
def test_a_run_killed_at_any_time_goes_on_there(job, database, kills):
    job.kill_at_any_time(database, kills)


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
