"""Upstream's own client, unchanged, through its whole command set, and the API client below it through all its calls."""

import json
import re
import subprocess
import time
from pathlib import Path

import pytest
from control_service import SECONDS, ControlService
from token_server import TokenServer

JOB = ["-n", "daily-sales", "-t", "sales"]


class Vdkcli:
    def __init__(self, program, folder, service):
        self.program, self.folder, self.service = program, folder, service
        self.url = f"http://127.0.0.1:{service.port}"

    def start(self, *words, **variables):
        return subprocess.run(
            [self.program, *words],
            cwd=self.folder,
            env={
                "PATH": "/usr/bin:/bin",
                "HOME": str(self.folder),
                "LANG": "C.UTF-8",
                "PYTHONWARNINGS": "ignore",
                "OAUTHLIB_INSECURE_TRANSPORT": "1",
                **({"VDK_CONTROL_SERVICE_REST_API_URL": self.url} if self.url else {}),
                **variables,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def run(self, *words, **variables):
        done = self.start(*words, **variables)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def fail(self, *words):
        done = self.start(*words)
        assert done.returncode != 0, done.stdout
        return done.stderr

    def json(self, *words):
        done = self.start(*words, "-o", "json")
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def until(self, path, is_it):
        """Waits, without the client, which takes long to start."""
        end = time.monotonic() + SECONDS
        path = "/data-jobs/for-team/sales/jobs/daily-sales" + path
        while not is_it(answer := self.service.send("GET", path).json()):
            assert time.monotonic() < end, answer
            time.sleep(0.02)
        return answer


@pytest.fixture
def vdkcli(upstream_client, new_store, tmp_path):
    folder = tmp_path / "home"
    folder.mkdir()
    settings = new_store() | {"VDK_SERVICE_SECRETS_KEY": "0123456789abcdef" * 4}
    with ControlService(tmp_path / "data", settings) as service:
        yield Vdkcli(upstream_client / "bin" / "vdkcli", folder, service)


STEP = """
import time

def run(job_input):
    print("arguments", job_input.get_arguments(), flush=True)
    time.sleep(job_input.get_arguments().get("seconds", 0))
"""


def write_job(vdkcli):
    folder = vdkcli.folder / "daily-sales"
    (folder / "10_sql_step.sql").unlink()
    (folder / "20_python_step.py").write_text(STEP)
    return folder


def test_jobs_are_created_listed_shown_downloaded_and_deleted(vdkcli):
    assert "PipelinesControlService/" in vdkcli.run("info", "-t", "sales")
    out = vdkcli.run("create", *JOB, "-p", str(vdkcli.folder))
    assert "registered in cloud" in out and "Saved keytab" in out
    assert "already exists" in vdkcli.run("create", *JOB, "--cloud")
    vdkcli.run("create", "-n", "other-job", "-t", "other team", "--cloud")
    row = {"job_name": "daily-sales", "job_team": "sales", "status": "NOT_DEPLOYED"}
    assert vdkcli.json("list", "-t", "sales") == [row]
    listed = vdkcli.json("list", "--all", "-mmm")
    assert [job["job_name"] for job in listed] == ["daily-sales", "other-job"]
    assert listed[0]["notified_on_deploy"] == []
    assert "No Data" in vdkcli.run("list", "-t", "nobody")
    shown = vdkcli.json("show", *JOB)
    assert shown["team"] == "sales" and shown["deployments"] == [] == shown["executions"]
    vdkcli.run("download-key", *JOB, "-p", str(vdkcli.folder))
    assert (vdkcli.folder / "daily-sales.keytab").exists()
    assert "cannot be found" in vdkcli.fail("download-job", *JOB, "-p", str(vdkcli.folder / ".."))
    vdkcli.run("delete", *JOB, "--yes")
    assert "cannot be found" in vdkcli.fail("delete", *JOB, "--yes")
    assert "Cannot find data job" in vdkcli.fail("show", *JOB)


def test_a_job_is_deployed_executed_and_taken_back(vdkcli):
    vdkcli.run("create", *JOB, "-p", str(vdkcli.folder))
    folder = write_job(vdkcli)
    version = vdkcli.json("deploy", *JOB, "-p", str(folder), "-r", "the first")["job_version"]
    vdkcli.until("/deployments", lambda rows: rows)
    (shown,) = vdkcli.json("deploy", "--show", *JOB)
    assert shown["job_version"] == version and shown["enabled"] is True
    (listed,) = vdkcli.json("list", "-t", "sales", "-m")
    assert listed["status"] == "ENABLED" and listed["job_version"] == version
    assert listed["schedule_cron"] == "11 23 5 8 1"  # of the sample's config.ini

    def start(**arguments):
        words = ["execute", "--start", *JOB, "--arguments", json.dumps(arguments)]
        return vdkcli.json(*words)["execution_id"]

    def wait_for(execution, *statuses):
        vdkcli.until(f"/executions/{execution}", lambda one: one["status"] in statuses)
        return vdkcli.json("execute", "--show", *JOB, "-i", execution)[0]

    first = start(greeting="it's")
    ended = wait_for(first, "succeeded", "user_error", "platform_error")
    assert ended["status"] == "succeeded", vdkcli.run("execute", "--logs", *JOB)
    assert ended["job_version"] == version
    assert "arguments {'greeting': \"it's\"}" in vdkcli.run("execute", "--logs", *JOB)
    endless = start(seconds=1000)
    wait_for(endless, "running")
    assert "is running" in vdkcli.fail("execute", "--start", *JOB)
    assert "cancelled successfully" in vdkcli.run("execute", "--cancel", *JOB, "-i", endless)
    assert wait_for(endless, "cancelled")["end_time"]
    assert "cannot be cancelled" in vdkcli.fail("execute", "--cancel", *JOB, "-i", endless)
    assert [one["id"] for one in vdkcli.json("execute", "--list", *JOB)] == [endless, first]
    assert [one["id"] for one in vdkcli.json("show", *JOB)["executions"]] == [endless, first]
    (listed,) = vdkcli.json("list", "-t", "sales", "-mmm")
    assert listed["last_execution_status"] == "CANCELLED"
    assert "arguments {'greeting'" in vdkcli.run("execute", "--logs", *JOB, "-i", first)

    (folder / "20_python_step.py").write_text("def run(job_input): pass\n")
    words = ["deploy", "--create", *JOB, "-p", str(folder), "-r", "the second"]
    second = vdkcli.json(*words)["job_version"]
    assert second != version
    vdkcli.until("/deployments", lambda rows: rows[0]["job_version"] == second)
    vdkcli.run("deploy", "--update", *JOB, "--job-version", version)
    vdkcli.until("/deployments", lambda rows: rows[0]["job_version"] == version)
    vdkcli.run("deploy", "--disable", *JOB)
    assert vdkcli.json("list", "-t", "sales")[0]["status"] == "DISABLED"
    vdkcli.run("deploy", "--enable", *JOB)
    assert vdkcli.json("deploy", "--show", *JOB)[0]["enabled"] is True

    # What is downloaded is what was uploaded last.
    vdkcli.run("download-job", *JOB, "-p", str(vdkcli.folder.parent))
    downloaded = vdkcli.folder.parent / "daily-sales"
    assert {one.name: one.read_bytes() for one in downloaded.iterdir()} == {
        one.name: one.read_bytes() for one in folder.iterdir()
    }
    vdkcli.run("deploy", "--remove", *JOB)
    assert vdkcli.json("deploy", "--show", *JOB) == []
    assert "not deployed" in vdkcli.fail("execute", "--start", *JOB)


def test_a_wrong_deployment_is_refused(vdkcli):
    vdkcli.run("create", *JOB, "-p", str(vdkcli.folder))
    folder = vdkcli.folder / "daily-sales"
    config = folder / "config.ini"
    config.write_text(config.read_text() + "\n[job2]\n")
    text = re.sub("schedule_cron = .*", "schedule_cron = 0 0 31 2 *", config.read_text())
    config.write_text(text.replace("; python_version =", "python_version = 2.7"))
    assert "There is no Python '2.7' here" in vdkcli.fail(
        "deploy", *JOB, "-p", str(folder), "-r", "x"
    )
    config.write_text(text)
    for step in (*folder.glob("*.py"), *folder.glob("*.sql")):
        step.unlink()
    assert "step" in vdkcli.fail("deploy", *JOB, "-p", str(folder), "-r", "x")


@pytest.mark.parametrize("kind", ["properties", "secrets"])
def test_properties_and_secrets_are_kept(vdkcli, kind):
    vdkcli.run("create", *JOB, "--cloud")
    assert "No Data" in vdkcli.run(kind, "--list", *JOB)
    file = vdkcli.folder / "all.json"
    file.write_text(json.dumps({"day": 17, "ratio": 0.5, "on": True, "list": [1, None]}))
    vdkcli.run(kind, f"--overwrite-all-job-{kind}", str(file), *JOB)
    vdkcli.run(kind, "--set", "day", "18", "--set", "name", "ä", *JOB)
    assert vdkcli.json(kind, "--list", *JOB) == {
        "day": 18,
        "ratio": 0.5,
        "on": True,
        "list": [1, None],
        "name": "ä",
    }
    assert vdkcli.json(kind, "--get", "day", *JOB) == {"day": 18}
    vdkcli.run(kind, "--delete", "day", *JOB)
    assert "day" not in vdkcli.json(kind, "--list", *JOB)
    vdkcli.run(kind, f"--delete-all-job-{kind}", *JOB)
    assert vdkcli.json(kind, "--list", *JOB) == {}


def test_defaults_and_a_login_are_used(vdkcli):
    vdkcli.url, url = "", vdkcli.url
    assert "Version" in vdkcli.run("version")
    vdkcli.run("set-default", "-t", "sales", "-u", url)
    vdkcli.run("create", "-n", "daily-sales", "--cloud")
    assert [job["job_team"] for job in vdkcli.json("list")] == ["sales"]
    server = TokenServer()
    words = ["login", "-t", "api-token", "-u", server.url, "-a"]
    assert vdkcli.start(*words, "wrong").returncode != 0
    vdkcli.run(*words, "right")
    assert server.forms[-1]["grant_type"] == ["refresh_token"]
    assert len(vdkcli.json("list")) == 1  # with the token, which the service does not ask for
    vdkcli.run("logout")
    vdkcli.run("reset-default", "-t", "-u")
    assert vdkcli.start("list", "-t", "sales").returncode != 0


def test_every_call_of_the_api_client_fits_its_models(upstream_client, new_store, tmp_path):
    settings = new_store() | {"VDK_SERVICE_SECRETS_KEY": "0123456789abcdef" * 4}
    with ControlService(tmp_path / "data", settings) as service:
        script = Path(__file__).with_name("api_classes.py")
        done = subprocess.run(
            [upstream_client / "bin" / "python", script, f"http://127.0.0.1:{service.port}"],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    assert done.returncode == 0, done.stderr
