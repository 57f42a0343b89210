"""However a run dies, and whether the service is there or not: it ends soon, with the true cause."""

import os
import signal
import time
from pathlib import Path

import pytest
from control_service import ControlService
from recorded_archives import make_archive
from service_chaos import OPEN, TEAM, Store, wait_until

STEP = """
import os, pathlib, sys, time

def run(job_input):
    place = pathlib.Path({place!r}) / job_input.get_name()
    place.with_suffix(".pid").write_text(str(os.getpid()))
    while not place.with_suffix(".go").exists():
        time.sleep(0.02)
    ending = job_input.get_name()
    if ending == "job-of-user-error":
        raise ValueError("no")
    if ending == "job-that-exits":
        os._exit(3)
    if ending == "job-of-memory":
        held = bytearray(600 << 20)
        held[::4096] = b"x" * len(held[::4096])
    if ending == "job-that-succeeds":
        return
    time.sleep(1000)
"""

# What each ends with: status, cause, and words of the message.
DEATHS = {
    "job-that-succeeds": ("succeeded", "exited", "Success"),
    "job-of-user-error": ("user_error", "exited", "User error"),
    "job-that-exits": ("platform_error", "exited", "Platform error"),
    "job-of-memory": ("user_error", "out_of_memory", "more memory than its limit of 200 MiB"),
    "job-that-is-killed": ("platform_error", "signalled", "signal 9"),
    "job-of-a-killed-supervisor": ("platform_error", "lost", "supervisor of the run was killed"),
    "job-of-which-all-is-killed": ("platform_error", "lost", "supervisor of the run was killed"),
    "job-that-is-cancelled": ("cancelled", "cancelled", "cancelled by user"),
}


class Deaths:
    def __init__(self, service, store, place):
        self.service, self.store, self.place = service, store, place
        place.mkdir()
        self.paths = {}

    def deploy(self, job):
        path = f"{TEAM}/{job}"
        send = self.service.send
        assert send("POST", TEAM, {"job_name": job, "config": {}}).status == 201
        archive = make_archive([("job/10_step.py", STEP.format(place=str(self.place)))])
        kind = {"Content-Type": "application/octet-stream"}
        version = self.service.ask("POST", path + "/sources", archive, kind).json()["version_sha"]
        body = {"job_version": version, "resources": {"memory_limit": 200}}
        assert send("POST", path + "/deployments", body).status == 202

    def start(self, job):
        wait_until(
            lambda: self.service.send("GET", f"{TEAM}/{job}/deployments/x/status").json()["state"],
            lambda state: state == "deployed",
            job,
        )
        answer = self.service.send("POST", f"{TEAM}/{job}/deployments/x/executions", {})
        assert answer.status == 202, answer.body
        id = answer.header("Location").rpartition("/")[2]
        self.paths[job] = f"{TEAM}/{job}/executions/{id}"

    def process(self, job):
        wait_until((self.place / f"{job}.pid").exists, bool, job)
        return int((self.place / f"{job}.pid").read_text())

    def die(self, job):
        process = self.process(job)
        match job:
            case "job-that-is-killed":
                os.killpg(process, signal.SIGKILL)
            case "job-of-a-killed-supervisor":
                os.kill(parent_of(process), signal.SIGKILL)
            case "job-of-which-all-is-killed":
                supervisor = parent_of(process)
                os.kill(supervisor, signal.SIGSTOP)
                os.killpg(process, signal.SIGKILL)
                os.kill(supervisor, signal.SIGKILL)
            case _:
                (self.place / f"{job}.go").touch()

    def check(self, job):
        told = wait_until(
            lambda: self.service.send("GET", self.paths[job]).json(),
            lambda one: one["status"] not in OPEN,
            job,
        )
        status, cause, words = DEATHS[job]
        assert (told["status"], words in told["message"]) == (status, True), told
        id = self.paths[job].rpartition("/")[2]
        assert self.store.rows(f"SELECT cause AS c FROM execution WHERE id = '{id}'") == [(cause,)]
        wait_until(lambda: is_alive(self.process(job)), lambda alive: not alive, job)


def parent_of(process):
    status = Path(f"/proc/{process}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("PPid:")]
    return int(line.split()[1])


def is_alive(process):
    try:
        return ") Z " not in Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False


@pytest.mark.parametrize("is_there", [True, False], ids=["at work", "away"])
def test_every_death_is_told(new_store, request, tmp_path, is_there):
    settings = new_store()
    server = request.getfixturevalue("postgres") if "DB_JDBC_URL" in settings else None
    service = ControlService(tmp_path / "data", settings).start()
    deaths = Deaths(service, Store(settings, tmp_path / "data", server), tmp_path / "place")
    try:
        for job in DEATHS:
            deaths.deploy(job)
        for job in DEATHS:
            deaths.start(job)
        processes = [deaths.process(job) for job in DEATHS]
        assert all(is_alive(process) for process in processes)
        assert service.send("DELETE", deaths.paths["job-that-is-cancelled"]).status == 200
        if not is_there:
            service.kill()
        died_at = time.monotonic()
        for job in DEATHS:
            deaths.die(job)
        if not is_there:
            service.start()
        for job in DEATHS:
            deaths.check(job)
        print(f"all are told {time.monotonic() - died_at:.1f} s later")
    finally:
        service.stop()
