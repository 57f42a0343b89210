"""Jobs and commands of the real program against a real web server."""

import json
import subprocess

import pytest
from http_service import Service
from stage import TIME_LIMIT_SECONDS
from stage import Stage as BaseStage


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


class Stage(BaseStage):
    """Sends rows without a long pause between tries."""

    first_step = "10_send.py"

    def __init__(self, root):
        super().__init__(root)
        # No pause that a test would have to wait for.
        self.env["VDK_INGEST_OVER_HTTP_RETRY_BACKOFF_FACTOR"] = "0.001"

    def lines(self, rows, name="rows.jsonl"):
        (self.root / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
        return name

    def ingest(self, rows, url, table="t", **settings):
        """Sends the rows by the command, which needs no Python."""
        words = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        file = self.lines(rows)
        return self.vdk("ingest", file, "-t", table, "--method", "http", "--target", url, *words)


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path)
