"""Runs jobs with Python steps under the real program, with every interpreter that it was built for."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
VDK = Path(os.environ.get("VDK_BIN", ROOT / "build" / "release" / "bin" / "vdk")).absolute()
PACKAGE = VDK.parent.parent / "lib" / "vdk" / "python"
PYTHON = os.environ.get("VDK_COMPAT_PYTHON", sys.executable)
TIME_LIMIT_SECONDS = 60


class Ended:
    """How a run ended."""

    def __init__(self, process, stdout, stderr, stage):
        self.exit = process.returncode
        self.stdout = stdout
        self.stderr = stderr
        termination = stage.out / "termination.json"
        self.status = (
            json.loads(termination.read_text())["status"] if termination.exists() else None
        )

    def says(self, *fragments):
        for fragment in fragments:
            assert fragment in self.stderr, f"{fragment!r} is not in:\n{self.stderr}"

    def succeeded(self):
        assert (self.exit, self.status) == (0, "Success"), self.stderr
        return self


class Stage:
    """A folder with a job in it, and the environment to run it in."""

    def __init__(self, root):
        self.root = root
        self.job = root / "job"
        self.out = root / "out"
        for folder in (self.job, self.out, root / "home"):
            folder.mkdir()
        self.database = self.out / "sqlite.db"
        self.env = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(root / "home"),
            "TMPDIR": str(self.out),
            "LANG": "C.UTF-8",
            "VDK_PYTHON": PYTHON,
            "VDK_DB_DEFAULT_TYPE": "sqlite",
            "VDK_INGEST_METHOD_DEFAULT": "sqlite",
            "VDK_LOG_EXCEPTION_FORMATTER": "plain",
            "VDK_SQLITE_FILE": str(self.database),
            "VDK_TERMINATION_MESSAGE_WRITER_OUTPUT_FILE": str(self.out / "termination.json"),
        }
        self.env |= {name: os.environ[name] for name in os.environ if name.endswith("SAN_OPTIONS")}

    def step(self, source, name="10_step.py", folder=None):
        path = (folder or self.job) / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(source))
        return self

    def body(self, source, name="10_step.py"):
        """A step whose run has this body."""
        return self.step(
            "def run(job_input):\n" + textwrap.indent(textwrap.dedent(source), "    "), name
        )

    def start(self, *words, **env):
        return subprocess.Popen(
            [str(VDK), *(words or ("run", "job"))],
            cwd=self.root,
            env=self.env | env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ended(self, process):
        stdout, stderr = process.communicate(timeout=TIME_LIMIT_SECONDS)
        return Ended(process, stdout, stderr, self)

    def run(self, *words, **env):
        return self.ended(self.start(*words, **env))

    def rows(self, query):
        with sqlite3.connect(self.database) as connection:
            return connection.execute(query).fetchall()

    def interrupt_once_it_says(self, text, number=signal.SIGTERM, **env):
        """Starts the job, sends the signal as soon as the text is on standard output, waits for the end."""
        process = self.start(**env)
        said = ""
        while text not in said:
            line = process.stdout.readline()
            if not line:
                ended = self.ended(process)
                pytest.fail(f"the run ended before it said {text!r}:\n{ended.stderr}")
            said += line
        process.send_signal(number)
        return self.ended(process)


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path)
