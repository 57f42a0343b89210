"""`vdk run --check`: the engine's own parser reads SQL, and nothing runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
VDK = Path(os.environ.get("VDK_BIN", ROOT / "build" / "release" / "bin" / "vdk")).absolute()
PYTHON = os.environ.get("VDK_COMPAT_PYTHON", sys.executable)


@pytest.fixture
def check(tmp_path):
    job = tmp_path / "job"
    job.mkdir()
    env = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "VDK_PYTHON": PYTHON,
        "VDK_SQLITE_FILE": str(tmp_path / "sqlite.db"),
        "VDK_DUCKDB_DATABASE": str(tmp_path / "duckdb.db"),
    }

    def run(engine, steps, **environment):
        for name, text in steps.items():
            (job / name).write_text(text)
        done = subprocess.run(
            [VDK, "run", "job", "--check"],
            cwd=tmp_path,
            env=env | {"VDK_DB_DEFAULT_TYPE": engine} | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert not [*tmp_path.glob("*.db")], "it made a database"
        return done.returncode, done.stdout

    return run


@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
@pytest.mark.parametrize("host", ["native", "python"])
def test_syntax_errors_are_named_with_their_line(check, engine, host):
    steps = {"10_bad.sql": "SELECT 1;\n\nSELEC 2\nFROM t", "20_good.sql": "SELECT 1 -- one\n;"}
    if host == "python":
        steps["30_step.py"] = "def run(job_input): pass"
    code, out = check(engine, steps)
    assert code == 1
    assert "error: 10_bad.sql:3: " in out
    assert 'near "SELEC"' in out
    assert out.count("error: ") == 1


@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
def test_what_depends_on_the_database_is_no_error(check, engine):
    sql = "SELECT nobody_knows(a) FROM nowhere WHERE b = 1; DROP TABLE missing"
    assert check(engine, {"10_step.sql": sql})[0] == 0


def test_the_database_of_the_header_decides(check):
    sql = "SELECT DISTINCT ON (a) a FROM t"  # DuckDB's, and no SQLite
    assert check("sqlite", {"10_step.sql": sql})[0] == 1
    assert check("sqlite", {"10_step.sql": "[duckdb]\n" + sql})[0] == 0


def test_lines_count_from_the_beginning_of_the_file(check):
    code, out = check("sqlite", {"10_step.sql": "[sqlite]\n-- why\nSELECT 1\nFROM FROM t;"})
    assert (code, "10_step.sql:4: " in out) == (1, True)


def test_text_with_parameters_is_left_to_the_run(check):
    assert check("sqlite", {"10_step.sql": "{verb} * FROM {table}"})[0] == 0


def test_an_engine_that_is_not_there_is_a_warning(check):
    code, out = check("sqlite", {"10_step.sql": "SELEC"}, VDK_SQLITE_LIBRARY="/nowhere/sqlite.so")
    assert code == 0
    assert "warning: Its SQL was not parsed. The SQLite library /nowhere/sqlite.so" in out
