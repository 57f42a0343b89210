"""The Control Service for tests: a process of its own on a free port, with a plain HTTP client.

Nothing is interpreted on the way: requests go out byte for byte as they are given, and answers come
back with every header.
"""

import http.client
import json
import os
import signal
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(os.environ.get("VDK_BIN", ROOT / "build" / "release" / "bin" / "vdk")).absolute().parent
PROGRAM = BIN / "vdk-control-service"
SECONDS = 60


@dataclass
class Answer:
    status: int
    headers: list
    body: bytes

    def header(self, name):
        return next((v for k, v in self.headers if k.lower() == name.lower()), None)

    def json(self):
        return json.loads(self.body)


def jdbc_settings(server, database):
    """The settings that bring a service to a database of a PostgresServer."""
    place = server.place()
    return {
        "DB_JDBC_URL": f"jdbc:postgresql://127.0.0.1:{place['port']}/{quote(database)}",
        "DB_USERNAME": place["user"],
        "DB_PASSWORD": place["password"],
    }


class ControlService:
    """Runs from `start` to `stop`; used as a context manager it does both."""

    def __init__(self, folder, settings=None, words=()):
        self.folder = Path(folder)
        self.settings = settings or {}
        self.words = list(words)
        self.process = None
        self.port = None
        self.log = []

    def environment(self):
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return {**kept, "VDK_SERVICE_DATA_DIRECTORY": str(self.folder), **self.settings}

    def start(self, port=0):
        self.process = subprocess.Popen(
            [PROGRAM, "--port", str(port), *self.words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="backslashreplace",
            env=self.environment(),
        )
        reader = threading.Thread(target=self._read_log, args=[self.process.stderr], daemon=True)
        reader.start()
        line = self.process.stdout.readline()
        if not line.startswith("port "):
            self.process.wait(SECONDS)
            reader.join(SECONDS)
            raise RuntimeError("the service did not start:\n" + "".join(self.log))
        self.port = int(line.split()[1])
        return self

    def refusal(self, words=()):
        """What a service says that must not start; its exit code is not 0."""
        done = subprocess.run(
            [PROGRAM, "--port", "0", *self.words, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=self.environment(),
            timeout=SECONDS,
        )
        assert done.returncode == 1 and done.stdout == "", done
        return done.stderr

    def _read_log(self, stream):
        self.log.extend(stream)

    def stop(self, how=signal.SIGTERM):
        if self.process is None:
            return None
        self.process.send_signal(how)
        code = self.process.wait(SECONDS)
        self.process.stdout.close()
        self.process = None
        return code

    def kill(self):
        return self.stop(signal.SIGKILL)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def ask(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        try:
            connection.putrequest(method, path, skip_host="Host" in (headers or {}))
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            for name, value in (headers or {}).items():
                connection.putheader(name, value.encode("latin-1"))
            connection.endheaders(body or None)
            answer = connection.getresponse()
            return Answer(answer.status, answer.getheaders(), answer.read())
        finally:
            connection.close()

    def send(self, method, path, value=None):
        """The same with a JSON body, or none."""
        if value is None:
            return self.ask(method, path)
        return self.ask(
            method, path, json.dumps(value).encode(), {"Content-Type": "application/json"}
        )
