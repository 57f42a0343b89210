"""Jobs and commands of the real program against a real web server."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from http_service import Service

ROOT = Path(__file__).resolve().parent.parent.parent
VDK = Path(os.environ.get("VDK_BIN", ROOT / "build" / "release" / "bin" / "vdk")).absolute()
TIME_LIMIT_SECONDS = 60


@pytest.fixture
def service():
    with Service() as running:
        yield running


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """Makes a self-signed certificate, with its key, for a host name or address."""
    folder = tmp_path_factory.mktemp("certificates")

    def make(name):
        file = folder / f"{name}.pem"
        key = folder / f"{name}.key"
        kind = "IP" if name[0].isdigit() else "DNS"
        done = subprocess.run(
            f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
            f"-keyout {key} -out {file} -subj /CN={name} -addext subjectAltName={kind}:{name}",
            shell=True,
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT_SECONDS,
        )
        assert done.returncode == 0, done.stderr
        file.write_text(file.read_text() + key.read_text())
        return file

    return make


class Stage:
    """A folder with a job in it."""

    def __init__(self, root):
        self.root = root
        self.job = root / "job"
        for folder in (self.job, root / "home", root / "tmp"):
            folder.mkdir()
        self.env = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(root / "home"),
            "TMPDIR": str(root / "tmp"),
            "LANG": "C.UTF-8",
            "VDK_PYTHON": sys.executable,
            # No pause that a test would have to wait for.
            "VDK_INGEST_OVER_HTTP_RETRY_BACKOFF_FACTOR": "0.001",
        }
        self.env |= {name: os.environ[name] for name in os.environ if name.endswith("SAN_OPTIONS")}

    def step(self, name, text):
        (self.job / name).write_text(textwrap.dedent(text))
        return self

    def lines(self, rows, name="rows.jsonl"):
        (self.root / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
        return name

    def vdk(self, *words, **env):
        return subprocess.run(
            [str(VDK), *words],
            cwd=self.root,
            env=self.env | env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT_SECONDS,
            check=False,
        )

    def ingest(self, rows, url, table="t", **settings):
        """Sends the rows by the command, which needs no Python."""
        words = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        file = self.lines(rows)
        return self.vdk("ingest", file, "-t", table, "--method", "http", "--target", url, *words)


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path)
