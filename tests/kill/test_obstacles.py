"""What stands in the way of a load: a full disk, a file that may not be written, locks of others and
of the job itself, another job on the same table, processes that a step forks. Nothing is stored by
halves, nothing waits for ever, and what failed goes on when it is resumed."""

import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
VDK = os.environ.get("VDK_BIN", str(ROOT / "build/release/bin/vdk"))
PYTHON = os.environ.get("VDK_COMPAT_PYTHON", str(ROOT / ".venv/bin/python"))
TIME_LIMIT_SECONDS = 60
ROWS = 100_000
ALL = list(range(ROWS))

STEP = f"""
def run(job_input):
    job_input.send_tabular_data_for_ingestion(
        rows=((i, f"{{i:0120}} is a text") for i in range({ROWS})),
        column_names=["i", "text"],
        destination_table="t",
    )
"""


class Job:
    def __init__(self, root, environment, name="job"):
        self.root = root
        self.name = name
        self.environment = {**environment, "VDK_PYTHON": PYTHON}
        self.environment["VDK_TERMINATION_MESSAGE_WRITER_OUTPUT_FILE"] = str(root / "termination")
        (root / name).mkdir()
        self.step(STEP)

    def step(self, text):
        (self.root / self.name / "10_step.py").write_text(text)

    def start(self, *words):
        self.process = subprocess.Popen(
            [VDK, "run", self.name, *words],
            cwd=self.root,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return self

    def end(self):
        try:
            self.output, _ = self.process.communicate(timeout=TIME_LIMIT_SECONDS)
        finally:
            self.process.kill()
        return self.process.returncode

    def succeeds(self, *words):
        assert self.start(*words).end() == 0, self.output

    def fails(self, *fragments):
        assert self.start().end() == 1, self.output
        assert any(fragment in self.output for fragment in fragments), self.output
        return (self.root / "termination").read_text()


@pytest.fixture
def job(tmp_path, environment):
    return Job(tmp_path, environment)


@pytest.fixture
def disk(tmp_path):
    """A small file system of its own, changed by mount options."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(options, *words):
        command = ["mount", "-t", "tmpfs", "-o", options, *words, "tmpfs", str(folder)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    if os.geteuid() != 0 or not mount("size=6m"):
        pytest.skip("a file system of its own takes the right to mount")
    mount.folder = folder
    yield mount
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def job_on_disk(job, database, disk):
    """Its database lives there; PostgreSQL's table does."""
    if database.name == "postgres":
        space = disk.folder / "space"
        space.mkdir()
        for folder in (disk.folder, *disk.folder.parents[:3]):
            folder.chmod(0o755)
        database.server.own(space)
        name = f"small_{database.schema}"
        database.server.sql(f"create tablespace {name} location '{space}'")
        database.sql(f"create table t (i bigint, text text) tablespace {name}")
    else:
        database.file = disk.folder / "db"
        key = next(key for key in database.settings if key.endswith(("_FILE", "_DATABASE")))
        job.environment[key] = str(database.file)
    yield job
    if database.name == "postgres":
        database.sql("drop table t")
        database.server.sql(f"drop tablespace {name}")


def is_beginning(rows):
    return rows == ALL[: len(rows)] and len(rows) < ROWS


def test_a_full_disk_ends_a_load_and_room_lets_it_go_on(job_on_disk, database, disk):
    told = job_on_disk.fails("disk is full", "No space left on device")
    assert "Platform error" in told
    assert is_beginning(database.rows("t"))
    assert disk("remount,size=200m")
    job_on_disk.succeeds("--resume", "last")
    assert database.rows("t") == ALL


def test_a_disk_that_may_only_be_read_takes_nothing(job_on_disk, database, disk):
    if database.name == "postgres":
        pytest.skip("its files are the server's business")
    few = STEP.replace(f"range({ROWS})", "range(10)")
    job_on_disk.step(few)
    job_on_disk.succeeds()
    assert disk("remount,ro")
    job_on_disk.fails("readonly database", "read-only", "Read-only")
    assert disk("remount,rw")
    assert database.rows("t") == ALL[:10]


def test_a_database_that_may_only_be_read_takes_nothing(job, database):
    if database.name == "postgres":
        job.environment["VDK_POSTGRES_DSN"] = (
            f"options='-c search_path={database.schema} -c default_transaction_read_only=on'"
        )
    elif database.name == "duckdb":
        import duckdb

        duckdb.connect(str(database.file)).close()
        job.environment["VDK_DUCKDB_CONFIGURATION_DICTIONARY"] = '{"access_mode": "READ_ONLY"}'
    else:
        pytest.skip("the disk decides")
    job.fails("read-only transaction", "read-only mode")
    assert database.rows("t") == []


class Holder:
    """Another user of the database who keeps it locked until the end of the `with` block."""

    def __init__(self, database):
        self.database = database

    def __enter__(self):
        if self.database.name == "sqlite":
            import sqlite3

            self.connection = sqlite3.connect(self.database.file, isolation_level=None)
            self.connection.execute("begin immediate")
        elif self.database.name == "duckdb":
            import duckdb

            self.connection = duckdb.connect(str(self.database.file))
        else:
            self.database.sql("create table t (i bigint, text text)")
            self.connection = self.database.server.session()
            self.connection.say(f"begin; lock table {self.database.schema}.t")
        return self

    def __exit__(self, *_):
        self.connection.close()


SHORT_WAITS = {"VDK_SQLITE_BUSY_TIMEOUT_SECONDS": "1"}


@pytest.fixture
def impatient(job, database):
    job.environment |= SHORT_WAITS
    if database.name == "postgres":
        job.environment["VDK_POSTGRES_DSN"] = (
            f"options='-c search_path={database.schema} -c lock_timeout=50ms'"
        )
    return job


def test_a_lock_of_another_process_ends_a_load_in_bounded_time(impatient, database):
    with Holder(database):
        impatient.fails("database is locked", "End the other process", "lock timeout")
    assert database.rows("t") == []
    impatient.succeeds("--resume", "last")
    assert database.rows("t") == ALL


def test_a_lock_of_the_job_itself_ends_a_load_in_bounded_time(impatient, database):
    if database.name == "duckdb":
        pytest.skip("its transactions do not wait for each other")
    impatient.succeeds()
    own = {"sqlite": "begin immediate", "postgres": "begin; lock table t"}[database.name]
    impatient.step(
        STEP.replace("run(job_input):", f"run(job_input):\n    job_input.execute_query('{own}')")
    )
    impatient.fails("database is locked", "lock timeout")
    assert database.rows("t") == ALL


def test_rows_and_a_transaction_of_the_job_itself_in_one_engine(job, database):
    if database.name != "duckdb":
        pytest.skip("there the transaction holds a lock")
    job.succeeds()
    job.step(
        STEP.replace(
            "run(job_input):",
            "run(job_input):\n"
            "    connection = job_input.get_managed_connection()\n"
            "    connection.execute_query('begin transaction')\n"
            "    connection.execute_query('insert into t (i) values (-1)')",
        )
    )
    job.succeeds()
    assert sorted(i for i in database.rows("t") if i >= 0) == sorted(ALL + ALL)


TURNS = """
def run(job_input):
    for n in range(20):
        for _ in range(3):
            job_input.send_object_for_ingestion(
                {{"i": n, f"{name}_{{n}}": n}}, destination_table="t"
            )
        job_input.send_object_for_ingestion({{"i": n, "both": n + 0.5}}, destination_table="t")
"""


def test_two_jobs_that_make_and_change_one_table_at_once_end_well(tmp_path, environment, database):
    if database.name == "duckdb":
        pytest.skip("one process at a time")
    jobs = [Job(tmp_path, environment, name) for name in ("one", "two")]
    for each in jobs:
        each.environment |= {"VDK_INGEST_BATCH_BYTES": "100", "VDK_INGEST_COMMIT_BYTES": "100"}
        each.step(TURNS.format(name=each.name))
        each.start()
    for each in jobs:
        assert each.end() == 0, each.output
    assert sorted(database.rows("t")) == sorted(list(range(20)) * 8)


FORKS = f"""
import multiprocessing, os, sys

def tries_to_send(job_input):
    try:
        job_input.send_object_for_ingestion({{"i": -1}}, destination_table="t")
    except BaseException as error:
        os._exit(7 if "forked" in str(error) else 8)
    os._exit(9)

def run(job_input):
    half = {ROWS} // 2
    for i in range(half):
        job_input.send_object_for_ingestion(
            {{"i": i, "text": str(i)}}, destination_table="t")
    fork = multiprocessing.get_context("fork")
    child = fork.Process(target=tries_to_send, args=(job_input,))
    child.start()
    with fork.Pool(2) as pool:
        texts = pool.map(str, range(half, {ROWS}), chunksize=1000)
        pool.close()
        pool.join()
    for leave in (sys.exit, os._exit):  # with and without what a process does at its end
        other = fork.Process(target=leave, args=(0,))
        other.start()
        other.join()
        assert other.exitcode == 0
    child.join()
    assert child.exitcode == 7, child.exitcode
    job_input.send_tabular_data_for_ingestion(
        rows=zip(range(half, {ROWS}), texts), column_names=["i", "text"], destination_table="t")
"""


def test_processes_that_a_step_forks_neither_double_nor_flush_rows(job, database):
    job.step(FORKS)
    job.succeeds()
    assert database.rows("t") == ALL
