"""Runs jobs with Python steps under the real program, with every interpreter that it was built for."""

import json
import signal
import sqlite3

import pytest
from stage import TIME_LIMIT_SECONDS, VDK
from stage import Stage as BaseStage

PACKAGE = VDK.parent.parent / "lib" / "vdk" / "python"


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


class Stage(BaseStage):
    """With SQLite as default for everything."""

    def __init__(self, root):
        super().__init__(root)
        self.out = root / "tmp"
        self.database = self.out / "sqlite.db"
        self.env |= {
            "VDK_DB_DEFAULT_TYPE": "sqlite",
            "VDK_INGEST_METHOD_DEFAULT": "sqlite",
            "VDK_LOG_EXCEPTION_FORMATTER": "plain",
            "VDK_SQLITE_FILE": str(self.database),
            "VDK_TERMINATION_MESSAGE_WRITER_OUTPUT_FILE": str(self.out / "termination.json"),
        }

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
