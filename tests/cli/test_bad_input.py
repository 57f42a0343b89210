"""Bad input: what a person reads, which exit status a scheduler sees, what the termination file says.

Every message says what happened and where, why, what it means and what to do; the fragments below are
one of each. None of these is a stack trace, and none of these runs is ever read as a success.
"""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from stage import PYTHON, TIME_LIMIT_SECONDS, VDK
from stage import Stage as BaseStage

NOBODY = 65534

SOUND_STEP = "def run(job_input):\n    print('ran')\n"
SOUND_SQL = "CREATE TABLE t (x INTEGER)\n"


@dataclass
class Ended:
    """How a run ended."""

    exit: int
    stdout: str
    stderr: str
    status: str | None  # of the termination file

    def says(self, *fragments: str) -> None:
        """Each fragment is on standard error, which tells no tale of the program's inside."""
        for fragment in fragments:
            assert fragment in self.stderr, f"{fragment!r} is not in:\n{self.stderr}"
        for noise in ("Traceback (most recent call last)", "terminate called", "what():"):
            assert noise not in self.stderr, self.stderr


class Stage(BaseStage):
    """With databases, and the interpreter first on the path."""

    def __init__(self, root: Path):
        super().__init__(root)
        self.out = root / "tmp"
        self.env |= {
            "PATH": os.pathsep.join([os.path.dirname(PYTHON), self.env["PATH"]]),
            "VDK_DB_DEFAULT_TYPE": "sqlite",
            "VDK_SQLITE_FILE": str(self.out / "sqlite.db"),
            "VDK_DUCKDB_DATABASE": str(self.out / "duckdb.db"),
            "VDK_TERMINATION_MESSAGE_WRITER_OUTPUT_FILE": str(self.out / "termination.json"),
        }

    def files(self, **contents: str | bytes) -> None:
        """Make files of the job; a double underscore in a name stands for a dot."""
        for name, content in contents.items():
            data = content.encode() if isinstance(content, str) else content
            (self.job / name.lstrip("_").replace("__", ".")).write_bytes(data)

    def command(self, *words: str) -> list[str]:
        return [str(VDK), *words] if words else [str(VDK), "run", "job"]

    def start(self, *words: str, **env: str) -> subprocess.Popen:
        return subprocess.Popen(
            self.command(*words),
            cwd=self.root,
            env=self.env | env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(self, *words: str, **env: str) -> Ended:
        return self.ended(self.start(*words, **env))

    def ended(self, process: subprocess.Popen) -> Ended:
        stdout, stderr = process.communicate(timeout=TIME_LIMIT_SECONDS)
        return Ended(
            process.returncode,
            stdout.decode("utf-8", "replace"),
            stderr.decode("utf-8", "replace"),
            self.status(),
        )

    def status(self) -> str | None:
        path = self.out / "termination.json"
        return status_in(path.read_text()) if path.exists() else None


def status_in(text: str) -> str:
    """The status in a termination file; its whole text where that is no JSON."""
    try:
        return json.loads(text)["status"]
    except ValueError:
        return text


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path)


def test_missing_directory(stage):
    ended = stage.run("run", "no-such-job")
    ended.says("Usage: vdk run", "no-such-job", "does not exist")
    assert (ended.exit, ended.stdout) == (2, "")
    assert ended.status != "Success"


def test_file_where_a_directory_belongs(stage):
    stage.files(_10_step__py=SOUND_STEP)
    ended = stage.run("run", "job/10_step.py")
    ended.says("Usage: vdk run", "job/10_step.py", "is a file")
    assert ended.exit == 2
    assert ended.status != "Success"


def test_no_steps(stage):
    stage.files(readme__md="nothing to run")
    ended = stage.run()
    ended.says(
        "The job job has no steps.",
        f"There is no file ending in .sql or .py directly in {stage.job}",
        "Nothing was run.",
        "Add a step, for example 10_hello.sql",
    )
    assert (ended.exit, ended.status) == (1, "User error")


def test_syntax_error_in_python(stage):
    stage.files(_10_bad__py="x = 1\ndef run(job_input)\n    pass\n", _20_after__py=SOUND_STEP)
    ended = stage.run()
    # The line, and the caret under the place, are the best explanation there is.
    ended.says("10_bad.py:2", "def run(job_input)", "SyntaxError", "expected ':'")
    assert (ended.exit, ended.status, ended.stdout) == (1, "User error", "")


def test_syntax_error_in_sql(stage):
    stage.files(_10_good__sql=SOUND_SQL, _20_bad__sql="SELEC 1\n", _30_after__sql="DROP TABLE t\n")
    ended = stage.run()
    ended.says("20_bad.sql", 'near "SELEC": syntax error', "30_after.sql")
    assert (ended.exit, ended.status) == (1, "User error")


@pytest.fixture(params=["native", "python"])
def host(request, stage):
    """Where the SQL of the job runs: a step in Python brings the whole job into its interpreter."""
    if request.param == "python":
        stage.files(_90_last__py=SOUND_STEP)
    return request.param


@pytest.mark.parametrize(
    ("engine", "words"), [("sqlite", "no such table: u"), ("duckdb", "name u ")]
)
def test_sql_error_in_the_second_statement_names_its_line(stage, host, engine, words):
    if (host, engine) == ("python", "duckdb"):
        probe = [PYTHON, "-c", "import duckdb"]
        if subprocess.run(probe, capture_output=True, check=False).returncode:
            pytest.skip(f"{PYTHON} has no module duckdb")
    stage.files(
        _10_bad__sql="[{engine}]\n\nCREATE TABLE t (x INTEGER);\n\n-- next\n  INSERT INTO u\n"
        "VALUES (1);\nSELECT 1;\n"
    )
    ended = stage.run("run", "job", "--arguments", json.dumps({"engine": engine}))
    ended.says(words, "  at 10_bad.sql:6: INSERT INTO u\n")
    assert (ended.exit, ended.status) == (1, "User error")


@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
def test_sql_error_names_the_line_that_the_engine_points_at(stage, engine):
    stage.files(_10_bad__sql="SELECT 1;\n\nSELECT '{x}',\n  nothing\n")
    ended = stage.run(
        "run",
        "job",
        "--arguments",
        json.dumps({"x": "of two\nlines"}),
        VDK_DB_DEFAULT_TYPE=engine,
    )
    ended.says("  at 10_bad.sql:4: nothing\n")
    assert (ended.exit, ended.status) == (1, "User error")


@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
def test_sql_error_while_rows_are_read_names_the_line(stage, engine):
    stage.files(
        _10_bad__sql="SELECT 1;\nSELECT abs(x)\n"
        "FROM (SELECT 1 AS x UNION ALL SELECT -9223372036854775807 - 1)\n"
    )
    ended = stage.run(VDK_DB_DEFAULT_TYPE=engine)
    ended.says("  at 10_bad.sql:2: SELECT abs(x)\n")
    assert (ended.exit, ended.status) == (1, "User error")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("{a: 1}", "line 1"),
        ("{'a': 1}", "line 1"),
        ('{"a": 1', "line 1"),
        ('{"a": 1} x', "line 1"),
        ("{'password': 'opensesame'}", "line 1"),
    ],
)
def test_bad_json_arguments(stage, arguments, reason):
    stage.files(_10_step__py=SOUND_STEP)
    ended = stage.run("run", "job", "--arguments", arguments)
    ended.says(
        "The value of --arguments is not valid JSON.",
        reason,
        "Nothing was run.",
        '{"day": "2026-01-31"}',
    )
    assert "opensesame" not in ended.stderr
    assert (ended.exit, ended.status, ended.stdout) == (1, "User error", "")


def test_bad_json_in_a_file_of_arguments(stage):
    stage.files(_10_step__py=SOUND_STEP)
    ended = stage.run("run", "job", "--arguments-file", "missing.json")
    ended.says("The file missing.json cannot be read.")
    assert (ended.exit, ended.stdout) == (1, "")
    (stage.root / "given.json").write_text("{'password': 'opensesame'}")
    ended = stage.run("run", "job", "--arguments-file", "given.json")
    ended.says("The file given.json is not valid JSON.", "line 1", "Nothing was run.")
    assert "opensesame" not in ended.stderr
    ended = stage.run("run", "job", "--arguments-file", "given.json", "--arguments", "{}")
    ended.says("do not go together")
    assert ended.exit == 2


@pytest.mark.parametrize(
    ("content", "fragments"),
    [
        ("op_id = x\n", ["config.ini:1:", "there is no section header above this line", "[vdk]"]),
        (
            "[vdk]\nop_id = 1\nOP_ID = 2\n",
            ["config.ini:3:", "'op_id' appears twice", "line 2", "Keep one of the two lines"],
        ),
        ("[vdk]\na = 1\n[vdk]\nb = 2\n", ["config.ini:3:", "[vdk] appears twice", "line 1"]),
        ("[vdk]\nop_id = 100%\n", ["config.ini:2:", "op_id", "single '%'", "Write '%%'"]),
        ("[vdk]\nop_id = %(nothing)s\n", ["config.ini:2:", "op_id", "nothing"]),
        ("[vdk]\njust some words\n", ["config.ini:2:", "neither '=' nor ':'", "Write KEY = VALUE"]),
        (b"[vdk]\nop_id = caf\xe9\n", ["config.ini:2:", "not UTF-8", "0xE9"]),
        ("[vdk]\nop_id = x\n".encode("utf-16"), ["config.ini", "UTF-16", "UTF-8"]),
    ],
    ids=[
        "no section",
        "duplicate key",
        "duplicate section",
        "bare percent",
        "unknown reference",
        "no delimiter",
        "latin-1",
        "utf-16",
    ],
)
def test_broken_config_ini(stage, content, fragments):
    stage.files(config__ini=content, _10_step__py=SOUND_STEP)
    ended = stage.run()
    ended.says(*fragments, "nothing was run")
    assert (ended.exit, ended.stdout) == (1, "")
    assert ended.status not in ("Success", "Skipped")


def test_byte_order_mark_in_config_ini_is_harmless(stage):
    stage.files(
        config__ini=b"\xef\xbb\xbf[vdk]\nop_id = marked\n",
        _10_step__py="def run(job_input):\n    print(job_input.get_execution_properties()['pa__op_id'])\n",
    )
    ended = stage.run()
    assert (ended.exit, ended.stdout) == (0, "marked\n"), ended.stderr


def test_option_with_a_value_of_another_type(stage):
    stage.files(
        config__ini="[vdk]\ningester_number_of_worker_threads = many\n", _10_step__py=SOUND_STEP
    )
    ended = stage.run()
    ended.says("ingester_number_of_worker_threads", "many", "config.ini")
    assert (ended.exit, ended.stdout) == (1, "")
    assert ended.status not in ("Success", "Skipped")


def test_misspelt_option_is_pointed_out(stage):
    stage.files(config__ini="[vdk]\ndb_defualt_type = duckdb\n", _10_step__sql=SOUND_SQL)
    ended = stage.run()
    ended.says("db_defualt_type", "db_default_type")
    assert ended.exit == 0


@pytest.mark.parametrize("name", ["10_step.sql", "10_step.py"])
def test_step_that_is_a_broken_link(stage, name):
    (stage.job / name).symlink_to("no-such-file")
    stage.files(_20_after__sql=SOUND_SQL)
    ended = stage.run()
    ended.says(name, "No such file or directory", "20_after.sql")
    assert (ended.exit, ended.status) == (1, "User error")


def test_step_that_may_not_be_read(stage):
    stage.files(_10_secret__sql=SOUND_SQL)
    (stage.job / "10_secret.sql").chmod(0)
    command = stage.command()
    if os.geteuid() == 0:  # root may read everything: step down, where the program can be reached
        drop = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        if subprocess.run([*drop, VDK, "--version"], capture_output=True, check=False).returncode:
            pytest.skip("the program cannot be run as another user than root here")
        command = [*drop, *command]
        for path in [*stage.root.parents][:3]:
            path.chmod(path.stat().st_mode | 0o055)
        for path in (stage.root, stage.job, stage.out, stage.root / "home"):
            path.chmod(0o777)
    done = subprocess.run(command, cwd=stage.root, env=stage.env, capture_output=True, check=False)
    ended = Ended(done.returncode, done.stdout.decode(), done.stderr.decode(), stage.status())
    ended.says("10_secret.sql", "Permission denied")
    assert (ended.exit, ended.status) == (1, "User error")


def test_sql_that_is_not_utf8(stage):
    stage.files(_10_bad__sql=b"-- two lines\nSELECT 'caf\xe9'\n", _20_after__sql=SOUND_SQL)
    ended = stage.run()
    ended.says("10_bad.sql", "line 2", "UTF-8", "0xE9", "20_after.sql")
    assert (ended.exit, ended.status) == (1, "User error")


def test_python_that_is_not_utf8(stage):
    stage.files(_10_bad__py=b"X = 'caf\xe9'\n" + SOUND_STEP.encode())
    ended = stage.run()
    ended.says("10_bad.py", "SyntaxError", "utf-8")
    assert (ended.exit, ended.status, ended.stdout) == (1, "User error", "")


@pytest.mark.parametrize("name", ["10_step.py", "10_step.sql"])
def test_step_that_is_a_directory(stage, name):
    (stage.job / name).mkdir()
    stage.files(_20_after__sql=SOUND_SQL)
    ended = stage.run()
    ended.says(name, "is a directory", "20_after.sql")
    assert (ended.exit, ended.status) == (1, "User error")


def test_property_that_is_not_json(stage):
    stage.files(
        _10_step__py="def run(job_input):\n"
        "    job_input.set_all_properties({'good': 1, 'outer': {'inner': {1, 2}}})\n"
    )
    ended = stage.run(VDK_PROPERTIES_DEFAULT_TYPE="file")
    ended.says("outer", "set", "Nothing was stored", "10_step.py")
    assert (ended.exit, ended.status) == (1, "User error")
    listed = stage.run("properties", "--list", "--output", "json", "job")
    assert json.loads(listed.stdout) == {}


@pytest.mark.parametrize(
    ("properties", "fragments"),
    [
        ("{'a': True}", ["'a'", "bool"]),
        ("{'a b': 1}", ["'a b'", "white space"]),
        ("{1: 1}", ["1", "a name is text"]),
        ("{'a': object()}", ["'a'", "object"]),
    ],
)
def test_property_that_is_not_allowed(stage, properties, fragments):
    stage.files(
        _10_step__py=f"def run(job_input):\n    job_input.set_all_properties({properties})\n"
    )
    ended = stage.run(VDK_PROPERTIES_DEFAULT_TYPE="file")
    ended.says(*fragments, "Nothing was stored")
    assert ended.exit == 1
    assert ended.status != "Success"


def test_file_of_properties_that_is_not_json(stage):
    stage.files(_10_step__py="def run(job_input):\n    job_input.get_property('a')\n")
    state = stage.root / "state"
    assert (
        stage.run("properties", "--set", "a", "1", "job", VDK_STATE_DIRECTORY=str(state)).exit == 0
    )
    (stored,) = state.glob("properties/*.json")
    stored.write_text('{"a": ')
    ended = stage.run(VDK_STATE_DIRECTORY=str(state), VDK_PROPERTIES_DEFAULT_TYPE="file")
    ended.says(str(stored), "JSON")
    assert (ended.exit, ended.status) == (1, "User error")
    assert stored.read_text() == '{"a": '


def on_small_disk(stage, *setup: str) -> Ended:
    """Run the job with a disk of 128 KiB mounted on tmp/, where that is possible."""
    script = f"mount -t tmpfs -o size=128k,mode=777 small {stage.out} && cd {stage.root} && " + (
        " && ".join([*setup, " ".join(stage.command()) + f"; echo $? > {stage.root}/exit; "])
    )
    script += f"cp {stage.out}/termination.json {stage.root}/ended.json"
    probe = ["unshare", "--mount", "sh", "-c", "mount -t tmpfs -o size=64k probe /mnt"]
    if os.geteuid() != 0 or subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("a small file system cannot be mounted here")
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script],
        env=stage.env,
        capture_output=True,
        check=False,
        timeout=TIME_LIMIT_SECONDS,
    )
    status = status_in((stage.root / "ended.json").read_text())
    return Ended(
        int((stage.root / "exit").read_text()), done.stdout.decode(), done.stderr.decode(), status
    )


FILL_A_TABLE = """
CREATE TABLE t AS
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)
SELECT i, hex(randomblob(50)) AS filler FROM n
"""


def test_full_disk_in_a_sql_step(stage):
    stage.files(_10_fill__sql=FILL_A_TABLE, _20_after__sql="CREATE TABLE never (x INTEGER)")
    ended = on_small_disk(stage)
    ended.says("10_fill.sql", "database or disk is full")
    assert ended.exit == 1
    assert ended.status != "Success"


def test_full_disk_in_an_ingestion(stage):
    stage.files(
        _10_fill__py="def run(job_input):\n"
        "    job_input.send_tabular_data_for_ingestion(\n"
        "        ((i, 'x' * 100) for i in range(50000)), ['i', 's'], 't', method='sqlite')\n"
    )
    ended = on_small_disk(stage)
    ended.says("10_fill.py", "disk is full")
    assert ended.exit == 1
    assert ended.status != "Success"


def test_full_disk_when_the_run_ends(stage):
    stage.env["VDK_JOB_RUN_SUMMARY_FILE_PATH"] = str(stage.out / "summary.json")
    stage.files(_10_step__py=SOUND_STEP)
    # The termination file is there beforehand, so that its block is its own.
    ended = on_small_disk(
        stage, "echo first > tmp/termination.json", "cat /dev/zero > tmp/filler 2>/dev/null || true"
    )
    ended.says("summary.json", "No space left on device")
    assert ended.stdout == "ran\n"
    assert ended.exit == 1
    assert ended.status != "Success"


def test_home_that_cannot_be_written(stage):
    stage.files(_10_step__sql=SOUND_SQL)
    stage.env["HOME"] = "/proc/self/fdinfo"
    ended = stage.run()
    ended.says("/proc/self/fdinfo/.local/state/vdk")  # a warning: the run is not recorded there
    assert (ended.exit, ended.status) == (0, "Success")


def test_properties_where_home_cannot_be_written(stage):
    stage.files(_10_step__py="def run(job_input):\n    job_input.set_all_properties({'a': 1})\n")
    stage.env["HOME"] = "/proc/self/fdinfo"
    ended = stage.run(VDK_PROPERTIES_DEFAULT_TYPE="file")
    ended.says("/proc/self/fdinfo/.local/state/vdk", "VDK_STATE_DIRECTORY")
    assert ended.exit == 1
    assert ended.status != "Success"


def test_missing_driver_library(stage):
    stage.files(_10_step__sql="CREATE TABLE t (x INTEGER)\n")
    missing = str(stage.root / "no-such-library.so")
    ended = stage.run(VDK_DB_DEFAULT_TYPE="duckdb", VDK_DUCKDB_LIBRARY=missing)
    ended.says("10_step.sql", "DuckDB", missing, "duckdb_library")
    assert ended.exit == 1
    assert ended.status == "Platform error"


def test_missing_driver_library_does_not_matter_to_other_databases(stage):
    stage.files(_10_step__sql=SOUND_SQL)
    ended = stage.run(VDK_DUCKDB_LIBRARY=str(stage.root / "no-such-library.so"))
    assert (ended.exit, ended.status) == (0, "Success"), ended.stderr


@pytest.fixture
def upstream_on_the_path(stage):
    """A folder on Python's path that looks as if upstream's vdk-core were installed in it."""
    site = stage.root / "site"
    info = site / "vdk_core-0.3.12.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: vdk-core\nVersion: 0.3.12\n")
    (info / "entry_points.txt").write_text("[console_scripts]\nvdk = vdk.internal.cli_entry:main\n")
    for package in ("vdk/internal", "vdk/api"):
        (site / package).mkdir(parents=True)
    (site / "vdk/internal/cli_entry.py").write_text("def main():\n    print('upstream')\n")
    (site / "vdk/api/job_input.py").write_text("class IJobInput:\n    pass\n")
    stage.env["PYTHONPATH"] = str(site)
    return site


def test_upstream_on_the_path(stage, upstream_on_the_path):
    stage.files(_10_step__py=SOUND_STEP)
    ended = stage.run()
    ended.says("vdk-core", str(upstream_on_the_path), "pip uninstall vdk-core")
    assert (ended.exit, ended.stdout) == (1, "")
    assert ended.status not in ("Success", "Skipped")


def test_upstream_on_the_path_does_not_matter_without_python(stage, upstream_on_the_path):
    stage.files(_10_step__sql=SOUND_SQL)
    ended = stage.run()
    assert (ended.exit, ended.status) == (0, "Success"), ended.stderr


def test_interpreter_that_does_not_exist(stage):
    stage.files(_10_step__py=SOUND_STEP)
    missing = str(stage.root / "no-such-python")
    ended = stage.run(VDK_PYTHON=missing)
    ended.says(missing, "VDK_PYTHON", "No step was run.")
    assert (ended.exit, ended.stdout) == (1, "")
    assert ended.status not in ("Success", "Skipped")


CHANGE_A_PROPERTY = """
import os


def run(job_input):
    properties = job_input.get_all_properties()
    if os.environ["ROLE"] == "first":
        print("ready", flush=True)
        open(os.environ["GO"]).close()
    job_input.set_all_properties({**properties, os.environ["ROLE"]: "was here"})
"""


def test_two_runs_of_one_job_at_once(stage):
    """Both run; the one that overwrites what the other stored meanwhile says so."""
    stage.files(_10_step__py=CHANGE_A_PROPERTY)
    go = stage.root / "go"
    os.mkfifo(go)
    env = {"VDK_PROPERTIES_DEFAULT_TYPE": "file", "GO": str(go)}
    first = stage.start("run", "job", ROLE="first", **env)
    if first.stdout.readline() == b"ready\n":
        second = stage.run("run", "job", ROLE="second", **env)
        assert (second.exit, second.status) == (0, "Success"), second.stderr
        opened = os.open(go, os.O_RDWR)  # lets the first run go on
        ended = stage.ended(first)
        os.close(opened)
    else:
        ended = stage.ended(first)
    ended.says("properties", "Another run")
    assert (ended.exit, ended.status) == (0, "Success")
    listed = stage.run("properties", "--list", "--output", "json", "job")
    assert json.loads(listed.stdout) == {"first": "was here"}
