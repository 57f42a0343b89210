"""A job that is killed and resumed, and what must be stored then: `test_resume.py` and `test_quickstart.py` use it.

The oracle: without resume a table holds the beginning of what was sent, in order; with resume all of it.
"""

import random
import time

ROWS = 60_000
POINTS = ["before_rows", "before_ledger", "before_commit", "after_commit"]

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


class Job:
    """Two steps that send rows to the database; `run_for` runs a program (conftest.py)."""

    def __init__(self, folder, run_for, environment):
        self._folder = folder
        self._run_for = run_for
        self._environment = environment

    def run(self, *arguments, second=SECOND, seconds=None, **variables):
        """The keywords are further environment variables."""
        job = self._folder / "job"
        job.mkdir(exist_ok=True)
        (job / "10_first.py").write_text(FIRST)
        (job / "20_second.py").write_text(second)
        return self._run_for(seconds, ["run", "job", *arguments], self._environment | variables)

    def kill_at_point(self, database, point, times):
        code, output = self.run(VDK_KILL_POINT=f"ingest.{point}:{times}")
        assert code == -9, output
        assert is_prefix(database.rows("first")) and is_prefix(database.rows("t"))
        code, output = self.run("--resume", "last")
        assert code == 0, output
        assert is_complete(database)

    def kill_at_any_time(self, database, kills):
        started = time.monotonic()
        code, output = self.run()
        assert code == 0, output
        whole = time.monotonic() - started
        database.clear()
        seed = random.randrange(1 << 32)
        chance = random.Random(seed)
        killed = 0
        while killed < kills:
            where = f"seed {seed}, kill {killed}"
            code, output = self.run(seconds=chance.uniform(0, whole))
            # Killed again while it goes on, twice, and then left alone.
            for seconds in (chance.uniform(0, whole), chance.uniform(0, whole), None):
                assert is_prefix(database.rows("t")), where
                if code == 0:
                    break
                assert code == -9, f"{where}: {output}"
                killed += 1
                code, output = self.run("--resume", "last", seconds=seconds)
                if "cannot be resumed" in output or "no run" in output:
                    # It died before it had begun, or when all was done.
                    code, output = (0, "") if is_complete(database) else self.run(seconds=seconds)
            assert code == 0, f"{where}: {output}"
            assert is_complete(database), where
            database.clear()


def is_prefix(rows):
    return rows == list(range(len(rows)))


def is_complete(database):
    return database.rows("first") == list(range(1000)) and database.rows("t") == list(range(ROWS))
