"""What a run logs, and what the program shows of a configuration."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
VDK = Path(os.environ.get("VDK_BIN", ROOT / "build" / "release" / "bin" / "vdk")).absolute()
PYTHON = os.environ.get("VDK_COMPAT_PYTHON", sys.executable)


@pytest.fixture
def vdk(tmp_path):
    (tmp_path / "job").mkdir()
    (tmp_path / "job/10_step.sql").write_text("SELECT 1 AS own_statement\n")
    env = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "VDK_PYTHON": PYTHON,
        "VDK_DB_DEFAULT_TYPE": "sqlite",
        "VDK_SQLITE_FILE": str(tmp_path / "sqlite.db"),
    }

    def run(*words):
        done = subprocess.run(
            [VDK, *words], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done

    return run


@pytest.mark.parametrize(
    ("words", "shown"),
    [(["-v", "DEBUG"], True), (["-v", "info"], False), ([], False)],
    ids=["debug", "info", "default"],
)
def test_verbosity_is_that_of_the_program_too(vdk, words, shown):
    log = vdk(*words, "run", "job").stderr
    assert "Entering 10_step.sql" in log
    assert ("[DEBUG] vdk.connection" in log) is shown
    assert ("SELECT 1 AS own_statement" in log) is shown


def test_verbosity_can_silence_the_program(vdk):
    assert vdk("-v", "ERROR", "run", "job").stderr == ""


@pytest.mark.parametrize("step", ["10_step.sql", "20_step.py"])
def test_level_that_is_none_is_named(vdk, tmp_path, step):
    (tmp_path / "job" / step).touch()
    if step.endswith(".py"):
        (tmp_path / "job" / step).write_text("import logging\n\ndef run(job_input): pass\n")
    (tmp_path / "job/config.ini").write_text("[vdk]\nlog_level_vdk = LOUD\n")
    log = vdk("run", "job").stderr
    assert log.count("LOUD") == 1
    assert "log_level_vdk is 'LOUD', which is no level; INFO is used." in log
    assert "Entering 10_step.sql" in log


def test_runs_of_a_job_that_never_ran(vdk):
    assert vdk("runs", "never").stdout == "No runs of a job 'never' are recorded here.\n"
    assert vdk("runs").stdout == "No runs are recorded here. Run a job: vdk run my-job\n"


def test_configuration_is_shown_without_its_secrets(vdk, tmp_path):
    (tmp_path / "job/config.ini").write_text(
        "[vdk]\ndb_default_type = sqlite\nnotification_smtp_login_password = opensesame\n"
    )
    for output in ("text", "json"):
        done = vdk("config", "job", "--output", output)
        assert "db_default_type" in done.stdout
        assert "notification_smtp_login_password" in done.stdout
        assert "opensesame" not in done.stdout + done.stderr
