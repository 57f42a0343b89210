"""Subjects, which are processes of their own, and the figures that come of their times."""

import contextlib
import os
import pathlib
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))
PEERS = HERE / ".venv-peers" / "bin"
TIME_LIMIT_SECONDS = 1800


class Failed(Exception):
    """A subject did not do its work: its time would mean nothing."""


@dataclass
class Subject:
    name: str
    command: list
    directory: pathlib.Path
    rows: int
    count: object  # how many rows there are afterwards
    environment: dict = field(default_factory=dict)
    prepare: object = lambda: None  # before each run
    lossy: bool = False  # known to lose rows, and to fail: what arrives is shown
    arrived: int = 0
    share: float = 1.0  # of the rows: a slow peer gets fewer, its time is scaled
    seconds: list = field(default_factory=list)
    loops: list = field(default_factory=list)  # of the caller, where the subject measures it
    peaks: list = field(default_factory=list)  # MiB

    def run(self, keep=True):
        for path in self.directory.glob("data.*"):
            path.unlink()
        self.prepare()
        marks = self.directory / "marks"
        marks.unlink(missing_ok=True)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.directory),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(HERE / "subjects"),
            "BENCH_MARKS": str(marks),
            "BENCH_ROWS": str(round(self.rows * self.share)),
            **self.environment,
        }
        with open(self.directory / "output", "wb") as output:
            begin = time.time()
            process = subprocess.Popen(
                self.command, cwd=self.directory, env=environment, stdin=subprocess.DEVNULL,
                stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip
            hanging = threading.Timer(TIME_LIMIT_SECONDS, process.kill)
            hanging.start()
            _, status, usage = os.wait4(process.pid, 0)
            hanging.cancel()
            end = time.time()
        process.returncode = os.waitstatus_to_exitcode(status)
        text = (self.directory / "output").read_text("utf-8", "replace")
        if process.returncode != 0 and not self.lossy:
            raise Failed(f"{self.name}: exit code {process.returncode}\n{text[-3000:]}")
        self.arrived = self.count()
        if self.arrived != round(self.rows * self.share) and not self.lossy:
            raise Failed(f"{self.name}: {self.arrived} of {self.rows} rows\n{text[-3000:]}")
        said = (
            dict(line.split() for line in marks.read_text().splitlines()) if marks.exists() else {}
        )
        if keep:
            self.seconds.append((end - float(said.get("begin", begin))) / self.share)
            self.peaks.append(usage.ru_maxrss / 1024)
            if "loop" in said:
                self.loops.append(float(said["loop"]) / self.share)

    @property
    def median(self):
        return statistics.median(self.seconds)

    @property
    def loop(self):
        return statistics.median(self.loops)


@dataclass
class Figure:
    what: str
    value: float
    target: float
    at_most: bool = False

    def __str__(self):
        met = self.value <= self.target if self.at_most else self.value >= self.target
        sign = "≤" if self.at_most else "≥"
        return f"{self.what:<62} {self.value:7.2f}x  {sign} {self.target:g}x  {'met' if met else 'MISSED'}"


def job_source(directory, body):
    """A job of one Python step; `body` is that of its run(job_input)."""
    directory.mkdir()
    (directory / "10_ingest.py").write_text(
        "from made import *\n\n\ndef run(job_input):\n"
        + "".join(f"    {line}\n" for line in body.strip().splitlines())
    )


class Bench:
    def __init__(self, options, work):
        self.options = options
        self.work = work
        self.figures = []
        self.subjects = []
        self.python = str(options.python)

    def group(self, name, subjects, runs=None):
        print(f"{name}: {', '.join(subject.name for subject in subjects)} ...", flush=True)
        runs = self.options.runs if runs is None else runs
        for turn in range(runs + 1):
            for subject in subjects:
                subject.run(keep=turn > 0 or runs == 0)
        self.subjects += subjects

    def directory(self):
        return pathlib.Path(tempfile.mkdtemp(dir=self.work))

    def script(self, name, subject, rows, count, *, python=None, **more):
        directory = self.directory()
        command = [python or self.python, "-m", *subject.split()]
        return Subject(name, command, directory, rows, lambda: count(directory), **more)

    def job(self, name, engine, body, rows, count, **more):
        """A data job of one step, whose body is that of run(job_input)."""
        directory = self.directory()
        job = directory / "job"
        job_source(job, body)
        places = {"duckdb": "duckdb_database = data.db", "sqlite": "sqlite_file = data.db"}
        lines = ["[vdk]", f"ingest_method_default = {engine}", places.get(engine, "")]
        if engine != "noop":
            lines.append(f"db_default_type = {engine}")
        (job / "config.ini").write_text("\n".join(lines) + "\n")
        environment = {"VDK_PYTHON": self.python, **more.pop("environment", {})}
        return Subject(
            name, [str(self.options.vdk), "run", str(job)], directory, rows,
            lambda: count(directory), environment=environment, **more,
        )  # fmt: skip

    def file(self, name, maker, rows):
        """A file that a function of subjects/made.py writes."""
        path = self.work / name
        subprocess.run(
            [self.python, "-c", f"from made import *; {maker}({str(path)!r})"],
            check=True,
            env={**os.environ, "PYTHONPATH": str(HERE / "subjects"), "BENCH_ROWS": str(rows)},
        )
        return path

    def ingest(self, engine, source, rows, count, **more):
        """`vdk ingest` of a file."""
        directory = self.directory()
        file_key = {"duckdb": "DUCKDB_DATABASE", "sqlite": "SQLITE_FILE"}.get(engine, "UNUSED")
        environment = {
            "VDK_DB_DEFAULT_TYPE": engine,
            "VDK_INGEST_METHOD_DEFAULT": engine,
            f"VDK_{file_key}": str(directory / "data.db"),
            **more.pop("environment", {}),
        }
        return Subject(
            f"vdk ingest into {engine}",
            [str(self.options.vdk), "ingest", str(source), "--table", "t"],
            directory, rows, lambda: count(directory), environment=environment, **more,
        )  # fmt: skip

    def c_program(self, name, *libraries):
        """Compiles a subject; None where that cannot be done here."""
        program = self.work / name
        command = ["cc", "-O2", "-o", program, HERE / "subjects" / f"{name}.c", *libraries]
        try:
            subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        except (FileNotFoundError, subprocess.CalledProcessError):
            return None
        return str(program)

    def skip(self, what, *modules):
        """Says what is not measured for want of modules."""
        missing = [name for name in modules if not has_module(self.python, name)]
        if missing:
            print(f"skipped: {what}: no {', '.join(missing)} for {self.python}")
        return bool(missing)


def has_module(python, name):
    found = f"import importlib.util as u, sys; sys.exit(u.find_spec({name!r}) is None)"
    return subprocess.run([python, "-c", found]).returncode == 0


def find_sling():
    found = next(PEERS.parent.glob("lib/*/site-packages/sling_*/bin/sling-*"), None)
    return None if found is None else str(found)


def count_sqlite(directory):
    with contextlib.closing(sqlite3.connect(directory / "data.db")) as connection:
        return connection.execute("select count(*) from t").fetchone()[0]


def count_duckdb(python, table="t"):
    def count(directory):
        query = (
            "import duckdb; print(duckdb.connect('data.db')"
            f".execute('select count(*) from {table}').fetchone()[0])"
        )
        done = subprocess.run(
            [python, "-c", query], cwd=directory, stdout=subprocess.PIPE, text=True, check=True
        )
        return int(done.stdout)

    return count
