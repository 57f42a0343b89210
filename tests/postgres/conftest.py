"""Jobs and commands of the real program against a real PostgreSQL server."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from postgres_server import PostgresServer

ROOT = Path(__file__).resolve().parent.parent.parent
VDK = Path(os.environ.get("VDK_BIN", ROOT / "build" / "release" / "bin" / "vdk")).absolute()
TIME_LIMIT_SECONDS = 60


@pytest.fixture(scope="session")
def server():
    with PostgresServer() as running:
        yield running


class Stage:
    """A folder with a job in it, and an environment that knows no server."""

    program = [str(VDK)]

    def __init__(self, root, server):
        self.root = root
        self.server = server
        self.job = root / "job"
        for folder in (self.job, root / "home", root / "tmp"):
            folder.mkdir()
        self.env = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(root / "home"),
            "TMPDIR": str(root / "tmp"),
            "LANG": "C.UTF-8",
            "VDK_PYTHON": sys.executable,
            "VDK_TERMINATION_MESSAGE_WRITER_OUTPUT_FILE": str(root / "termination.json"),
        }
        self.env |= {name: os.environ[name] for name in os.environ if name.endswith("SAN_OPTIONS")}

    def keys(self, **changes):
        """The server's keys as lines of config.ini."""
        known = {
            "postgres_host": self.server.socket_directory,
            "postgres_port": self.server.port,
            "postgres_user": self.server.user,
            "postgres_password": self.server.password,
            "postgres_dbname": self.server.database,
        }
        return "".join(f"{key} = {value}\n" for key, value in (known | changes).items())

    def configure(self, text):
        (self.job / "config.ini").write_text(text)
        return self

    def step(self, name, text):
        (self.job / name).write_text(textwrap.dedent(text))
        return self

    def vdk(self, *words, cwd=None, **env):
        return subprocess.run(
            [*self.program, *words],
            cwd=cwd or self.job,
            env=self.env | env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT_SECONDS,
            check=False,
        )

    def run(self, **env):
        return self.vdk("run", "job", cwd=self.root, **env)

    def status(self):
        return json.loads((self.root / "termination.json").read_text())["status"]

    def rows(self, sql):
        """What the server's own client says."""
        return self.server.sql(sql).splitlines()


@pytest.fixture
def stage_of(tmp_path):
    return lambda server: Stage(tmp_path, server)


@pytest.fixture
def stage(stage_of, server):
    return stage_of(server)
