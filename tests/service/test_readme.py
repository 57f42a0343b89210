"""The session of README.md, command by command."""

import json
import re
import shutil
import subprocess
import time

import pytest
from control_client import Client
from control_service import BIN, ROOT
from free_port import free_port

JOB = ["-n", "flights", "-t", "examples"]
SECONDS = 300  # its packages come from PyPI


def session():
    (block,) = re.findall(
        r"```\n(vdk server --install .*?)```", (ROOT / "README.md").read_text(), re.S
    )
    return [line.partition("  #")[0].strip() for line in block.splitlines() if line]


class Shell:
    """A shell of somebody whose home is empty."""

    def __init__(self, folder):
        self.client = Client(folder, "")
        self.folder = folder

    def run(self, line):
        """Again where the schedule was quicker: a job runs once at a time."""
        done = self.start(line)
        while done.returncode != 0 and "is running" in done.stderr:
            self.until_nothing_runs()
            done = self.start(line)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def start(self, line):
        return subprocess.run(
            ["bash", "-c", line],
            cwd=self.folder,
            env=self.client.environment({"PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin"}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def executions(self):
        return self.client.json("execute", "--list", *JOB)

    def until(self, is_it):
        end = time.monotonic() + SECONDS
        while not is_it(found := self.executions()):
            assert time.monotonic() < end, found
            time.sleep(0.2)
        return found

    def until_nothing_runs(self):
        self.until(
            lambda found: all(one["status"] not in ("submitted", "running") for one in found)
        )


@pytest.fixture
def shell(tmp_path):
    (tmp_path / "examples").mkdir()
    shutil.copytree(ROOT / "examples" / "flights", tmp_path / "examples" / "flights")
    shell = Shell(tmp_path)
    yield shell
    shell.client.start("server", "--uninstall")


def test_the_session_of_the_readme(shell):
    first = None
    for line in session():
        line = line.replace("--install", f"--install --port {free_port()}")
        out = shell.run(line.replace("VERSION", first or "VERSION"))
        if "First version" in line:
            first = re.search(r"in version ([0-9a-f]{40})", out)[1]
        elif "--follow" in line:
            assert "Flights from New York, 2013" in out and "336,776 flights" in out
        elif "--list" in line:
            # Somebody who looks a minute later sees the schedule's.
            shell.until(
                lambda found: any(
                    one["type"] == "scheduled" and one["status"] == "succeeded" for one in found
                )
            )
        elif "--cancel" in line:
            assert "cancelled" in {one["status"] for one in shell.executions()}
        elif "--show" in line:
            assert first in out
    assert first is not None


def test_the_session_shows_what_a_job_lives_through():
    text = "\n".join(session())
    for word in ("--install", "create", "deploy -p", "schedule_cron", "--follow", "--cancel"):
        assert word in text
    assert "--arguments" in text and "--job-version VERSION" in text
    assert json.loads(re.search(r"--arguments '(.*?)'", text)[1])
