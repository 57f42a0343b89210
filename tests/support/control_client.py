"""The program's own commands of the Control Service, as somebody with a home calls them."""

import json
import subprocess

from control_service import BIN, SECONDS

JOB = ["-n", "daily-sales", "-t", "sales"]


class Client:
    def __init__(self, folder, url):
        self.folder = folder
        self.url = url

    def environment(self, more=None):
        return (
            {"PATH": f"{BIN}:/usr/bin:/bin", "HOME": str(self.folder)}
            | ({"VDK_CONTROL_SERVICE_REST_API_URL": self.url} if self.url else {})
            | (more or {})
        )

    def start(self, *words, environment=None, answers=""):
        return subprocess.run(
            [BIN / "vdk", *words],
            cwd=self.folder,
            env=self.environment(environment),
            input=answers,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )

    def open(self, *words):
        """A process whose output is read while it runs."""
        return subprocess.Popen(
            [BIN / "vdk", *words],
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def run(self, *words, **more):
        done = self.start(*words, **more)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def fail(self, *words, **more):
        done = self.start(*words, **more)
        assert done.returncode != 0, done.stdout
        return done.stderr

    def json(self, *words, **more):
        return json.loads(self.run(*words, "-o", "json", **more))
