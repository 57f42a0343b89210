"""Jobs in an environment with plugins: distributions that a test writes, as pip would have installed them."""

import json
import os
import re
import sqlite3
import subprocess
import textwrap
from contextlib import closing

import pytest
from stage import PYTHON, TIME_LIMIT_SECONDS, VDK
from stage import Stage as BaseStage

PACKAGE = VDK.parent.parent / "lib" / "vdk" / "python"

# Every plugin may note what it sees; the notes of a run are the words that follow the mark.
PRELUDE = """
import json, os
from vdk.api.plugin.hook_markers import hookimpl, hookspec

def note(*seen):
    with open(os.environ["NOTES"], "a") as file:
        file.write(json.dumps(seen, default=str) + "\\n")
"""


class Ended:
    def __init__(self, process, stage):
        self.exit = process.returncode
        self.stdout = process.stdout
        self.stderr = process.stderr
        termination = stage.out / "termination.json"
        self.status = (
            json.loads(termination.read_text())["status"] if termination.exists() else None
        )
        self.notes = stage.notes()

    def succeeded(self):
        assert (self.exit, self.status) == (0, "Success"), self.stderr
        return self

    def failed(self, *fragments, status="User error"):
        assert (self.exit, self.status) == (1, status), self.stderr
        return self.says(*fragments)

    def says(self, *fragments):
        for fragment in fragments:
            assert fragment in self.stderr, f"{fragment!r} is not in:\n{self.stderr}"
        return self


class Stage(BaseStage):
    """With a folder of distributions, and SQLite as default for everything."""

    def __init__(self, root):
        super().__init__(root)
        self.out = root / "tmp"
        self.site = root / "site"
        self.site.mkdir()
        self.database = self.out / "sqlite.db"
        self.env |= {
            "PYTHONPATH": str(self.site),
            "VDK_DB_DEFAULT_TYPE": "sqlite",
            "VDK_INGEST_METHOD_DEFAULT": "sqlite",
            "VDK_LOG_EXCEPTION_FORMATTER": "plain",
            "VDK_SQLITE_FILE": str(self.database),
            "VDK_TERMINATION_MESSAGE_WRITER_OUTPUT_FILE": str(self.out / "termination.json"),
            "NOTES": str(self.out / "notes"),
        }

    def plugin(self, source, name="sample", version="1.0", module=None, group="vdk.plugin.run"):
        """A distribution with one plugin, whose module has this source."""
        module = module or re.sub(r"\W", "_", name) + "_plugin"
        path = self.site / (module.replace(".", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(PRELUDE + textwrap.dedent(source))
        self.entry_point(name, module, version, group)
        return self

    def entry_point(self, name, value, version="1.0", group="vdk.plugin.run", point=None):
        info = self.site / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        with open(info / "entry_points.txt", "a") as file:
            file.write(f"[{group}]\n{point or name} = {value}\n")

    def run(self, *words, **env):
        process = self.start(*words, **env)
        process.stdout, process.stderr = process.communicate(timeout=TIME_LIMIT_SECONDS)
        return Ended(process, self)

    def python(self, code):
        """What an interpreter prints that has the package, and nothing of a run."""
        done = subprocess.run(
            [PYTHON, "-c", textwrap.dedent(code)],
            env={"PATH": os.defpath, "PYTHONPATH": f"{PACKAGE}:{self.site}"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def notes(self):
        notes = self.out / "notes"
        return (
            [json.loads(line) for line in notes.read_text().splitlines()] if notes.exists() else []
        )

    def rows(self, query):
        with closing(sqlite3.connect(self.database)) as connection:
            return connection.execute(query).fetchall()


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path)
