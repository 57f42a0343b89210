"""vdk doctor: what can be known of an installation and a job without running anything."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
VDK = Path(os.environ.get("VDK_BIN", ROOT / "build" / "release" / "bin" / "vdk")).absolute()
PYTHON = os.environ.get("VDK_COMPAT_PYTHON", sys.executable)


class Doctor:
    def __init__(self, directory):
        self.job = directory / "job"
        self.job.mkdir()
        self.home = directory
        (self.job / "10_ask.sql").write_text("select 1;\n")

    def environment(self, more):
        return {"PATH": "/usr/bin:/bin", "HOME": str(self.home), "VDK_PYTHON": PYTHON} | {
            name: str(value) for name, value in more.items()
        }

    def run(self, *words, **environment):
        return subprocess.run(
            [VDK, "doctor", *words],
            cwd=self.home,
            env=self.environment(environment),
            capture_output=True,
            text=True,
            check=False,
        )

    def findings(self, **environment):
        """Of the job, by subject: [(concern, text, remedy)]; the exit code must say the same."""
        done = self.run("job", "--output", "json", **environment)
        by_subject = {}
        needs_attention = False
        for finding in json.loads(done.stdout):
            needs_attention |= finding["concern"] == "attention"
            by_subject.setdefault(finding["subject"], []).append(
                (finding["concern"], finding["text"], finding["remedy"])
            )
        assert done.returncode == (1 if needs_attention else 0)
        return by_subject

    def attention(self, subject, **environment):
        return [
            text + " " + remedy
            for concern, text, remedy in self.findings(**environment).get(subject, [])
            if concern == "attention"
        ]


@pytest.fixture
def doctor(tmp_path):
    return Doctor(tmp_path)


def test_a_healthy_job_needs_no_attention(doctor):
    done = doctor.run("job")
    assert done.returncode == 0, done.stdout
    assert done.stdout.endswith("Nothing needs attention.\n")
    found = doctor.findings()
    assert PYTHON in found["interpreter"][0][1]
    assert "by VDK_PYTHON" in found["interpreter"][0][1]
    assert ("ok", "10_ask.sql", "") in found["steps"]
    assert any("sqlite" in text and "not needed" in text for _, text, _ in found["plugins"])
    assert found["default database"][0][1].startswith("sqlite")


def test_nothing_is_run(doctor):
    (doctor.job / "20_touch.py").write_text(
        "open('touched', 'w')\n\ndef run(job_input):\n    open('touched', 'w')\n"
    )
    doctor.findings()
    assert not (doctor.home / "touched").exists()
    assert not (doctor.job / "touched").exists()


def test_without_a_job_the_installation_alone_is_examined(doctor):
    done = doctor.run()
    assert done.returncode == 0, done.stdout
    assert "steps" not in done.stdout


def test_unknown_and_misplaced_keys_are_named(doctor):
    (doctor.job / "config.ini").write_text(
        "[vdk]\nsqlite_fil = a.db\n[job]\ndb_default_type = sqlite\n[owners]\nteam = a\n"
    )
    keys = doctor.attention("configuration")
    assert len(keys) == 1
    assert "'sqlite_fil'" in keys[0] and "sqlite_file" in keys[0]
    told = doctor.attention("config.ini")
    assert any("[job]" in text for text in told)
    assert any("Did you mean [owner]?" in text for text in told)


def test_a_config_ini_that_cannot_be_read_is_one_finding_and_the_rest_is_examined(doctor):
    (doctor.job / "config.ini").write_text("[vdk\nkey = 1\n")
    found = doctor.findings()
    assert found["config.ini"][0][0] == "attention"
    assert "config.ini" in found["config.ini"][0][1]
    assert "default database" in found


def test_a_value_that_does_not_fit_is_named(doctor):
    (told,) = doctor.attention("configuration", VDK_CANCEL_GRACE_SECONDS="soon")
    assert "cancel_grace_seconds" in told.lower()


def test_variables_without_effect_are_named_with_the_nearest_option(doctor):
    (told,) = doctor.attention("configuration", VDK_SQLITE_FIEL="x.db")
    assert "VDK_SQLITE_FIEL has no effect" in told
    assert "Did you mean VDK_SQLITE_FILE?" in told


def test_a_line_that_something_else_wins_over_is_noted(doctor):
    (doctor.job / "config.ini").write_text("[vdk]\nsqlite_file = a.db\n")
    found = doctor.findings(VDK_SQLITE_FILE="b.db")
    assert (
        "note",
        "config.ini:2: 'sqlite_file' has no effect here, for VDK_SQLITE_FILE sets it too.",
        "",
    ) in found["configuration"]


def test_the_default_database_and_why(doctor):
    (doctor.job / "config.ini").write_text("[vdk]\ndb_default_type = duckdb\n")
    assert doctor.findings()["default database"] == [("ok", "duckdb, by config.ini:2", "")]
    (told,) = doctor.attention("default database", VDK_DB_DEFAULT_TYPE="ducdb")
    assert "'ducdb', by VDK_DB_DEFAULT_TYPE" in told
    assert "Did you mean 'duckdb'?" in told


def test_steps_that_would_fail_or_silently_not_run(doctor):
    (doctor.job / "20_nothing.py").write_text("def rum(job_input):\n    pass\n")
    (doctor.job / "30_wrong.py").write_text("def run(job_input:\n")
    (doctor.job / "40_empty.sql").write_text("\n")
    told = doctor.attention("steps")
    assert [text.split(":")[0] for text in told] == [
        "20_nothing.py",
        "30_wrong.py",
        "40_empty.sql",
    ]


def test_a_job_without_steps(doctor):
    (doctor.job / "10_ask.sql").unlink()
    (told,) = doctor.attention("steps")
    assert "no file ends in .sql or .py" in told


def test_no_interpreter_is_noted_and_the_rest_is_examined(doctor):
    found = doctor.findings(VDK_PYTHON="/nowhere/python3")
    assert found["interpreter"][0][0] == "note"
    assert ("ok", "10_ask.sql", "") in found["steps"]


def test_the_termination_file(doctor):
    path = doctor.home / "end.json"
    key = "VDK_TERMINATION_MESSAGE_WRITER_OUTPUT_FILE"
    assert doctor.findings(**{key: path})["termination file"] == [("ok", str(path), "")]
    assert not path.exists()
    found = doctor.findings(VDK_TERMINATION_MESSAGE_WRITER_ENABLED="no")
    assert "is off" in found["termination file"][0][1]


def test_a_damaged_plugin_is_named(doctor):
    plugins = doctor.home / "plugins"
    plugins.mkdir()
    (plugins / "vdk_mine.json").write_text("{")
    (told,) = doctor.attention("plugins", VDK_PLUGIN_PATH=plugins)
    assert "vdk_mine" in told


def test_secrets_are_not_shown(doctor):
    (doctor.job / "config.ini").write_text("[vdk]\npostgres_password = hunter22\n")
    done = doctor.run("job", VDK_POSTGRES_PASSWORD="hunter33")
    assert "hunter" not in done.stdout + done.stderr
