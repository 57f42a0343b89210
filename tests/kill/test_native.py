"""The oracle of test_resume.py for what runs without Python: `vdk ingest` and jobs of SQL steps."""

import random
import time

import pytest

KILLS = [10, pytest.param(200, marks=pytest.mark.full)]
POINTS = ["after_definition", "before_rows", "before_ledger", "before_commit", "after_commit"]
ROWS = 30_000
ALL = list(range(ROWS))
INGEST = ["ingest", "rows.csv", "--table", "t"]


@pytest.fixture(scope="session")
def rows(tmp_path_factory):
    """Large enough for several batches: files are read in pieces of 2 MiB."""
    file = tmp_path_factory.mktemp("rows") / "rows.csv"
    file.write_text("i,text\n" + "".join(f"{i},row {i:0300}\n" for i in ALL))
    return file


@pytest.fixture
def vdk(run_for, tmp_path, environment, rows):
    """Runs the program without a Python interpreter, for so many seconds at most."""
    (tmp_path / "rows.csv").symlink_to(rows)

    def vdk(*words, seconds=None, **variables):
        return run_for(seconds, words, {**environment, "VDK_PYTHON": "/nonexistent", **variables})

    return vdk


def seconds_of(call):
    started = time.monotonic()
    code, output = call()
    assert code == 0, output
    return time.monotonic() - started


def is_prefix(rows):
    return rows == ALL[: len(rows)]


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_ingestion_leaves_the_beginning_and_goes_on_by_its_name(vdk, database, point):
    times = 1 if point == "after_definition" else 3
    code, output = vdk(*INGEST, "--once", "load", VDK_KILL_POINT=f"ingest.{point}:{times}")
    if point == "after_definition" and database.name != "postgres":
        assert code == 0  # the table is made in the transaction of its first rows
        return
    assert code == -9, output
    before = database.rows("t")
    assert is_prefix(before) and len(before) < ROWS
    code, output = vdk(*INGEST, "--once", "load")
    assert code == 0, output
    assert database.rows("t") == ALL
    assert f"{ROWS - len(before):,} rows ingested" in output
    assert bool(before) == ("were there before" in output)
    code, output = vdk(*INGEST, "--once", "load")
    assert code == 0, output
    assert database.rows("t") == ALL


def test_a_load_of_another_name_or_of_none_is_another_load(vdk, database):
    for name in ([], [], ["--once", "a"], ["--once", "b"]):
        code, output = vdk(*INGEST, *name)
        assert code == 0, output
    assert database.rows("t").count(ROWS - 1) == 4


def test_a_file_that_changed_is_not_the_load_of_that_name(vdk, database, tmp_path):
    code, output = vdk(*INGEST, "--once", "load", VDK_KILL_POINT="ingest.after_commit:3")
    assert code == -9, output
    before = database.rows("t")
    text = (tmp_path / "rows.csv").read_text()
    (tmp_path / "other.csv").write_text(text.replace("\n7,row", "\n7,ROW"))
    code, output = vdk("ingest", "other.csv", "--table", "t", "--once", "load")
    assert code == 1
    assert "does not repeat its rows" in output
    assert database.rows("t") == before


def test_a_name_needs_the_ledger(vdk, database):
    code, output = vdk(*INGEST, "--once", "load", "-c", "ingest_ledger=off")
    assert code == 0, output
    code, output = vdk(*INGEST, "--once", "load", VDK_INGEST_LEDGER="off")
    assert code == 0, output
    assert database.rows("t") == ALL


@pytest.mark.parametrize("kills", KILLS)
def test_an_ingestion_killed_at_any_time_goes_on_there(vdk, database, kills):
    whole = seconds_of(lambda: vdk(*INGEST))
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    killed = 0
    while killed < kills:
        database.clear()
        where = f"seed {seed}, kill {killed}"
        load = [*INGEST, "--once", where]
        for seconds in (chance.uniform(0, whole), chance.uniform(0, whole)):
            code, output = vdk(*load, seconds=seconds)
            assert code in (0, -9), f"{where}: {output}"
            killed += code == -9
            assert is_prefix(database.rows("t")), where
        code, output = vdk(*load)
        assert code == 0, f"{where}: {output}"
        assert database.rows("t") == ALL, where


@pytest.mark.parametrize("kills", KILLS)
def test_steps_of_sql_that_may_be_repeated_end_well_after_any_kill(vdk, database, kills, tmp_path):
    digits = "with d(d) as (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9))"
    numbers = f"""
        {digits}, n(i) as (select a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d
                           from d a, d b, d c, d e, d f)
        select i from n where i < {ROWS} order by i"""
    job = tmp_path / "job"
    job.mkdir()
    (job / "10_make.sql").write_text("create table if not exists t (i bigint)")
    (job / "20_fill.sql").write_text(f"begin; delete from t; insert into t {numbers}; commit;")
    whole = seconds_of(lambda: vdk("run", "job"))
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    killed = 0
    while killed < kills:
        database.clear()
        where = f"seed {seed}, kill {killed}"
        code, output = vdk("run", "job", seconds=chance.uniform(0, whole))
        assert database.rows("t") in ([], ALL), where
        if code == -9:
            killed += 1
            code, output = vdk("run", "job", "--resume", "last")
            if "cannot be resumed" in output or "no run" in output:
                code, output = vdk("run", "job")  # it died before it had begun, or after its end
        assert code == 0, f"{where}: {output}"
        assert database.rows("t") == ALL, where
