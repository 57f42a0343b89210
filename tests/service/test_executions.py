"""Deployments and executions, with the real program running real jobs."""

import json
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from control_service import ControlService
from recorded_archives import make_archive

TEAM = "/data-jobs/for-team/alpha/jobs"
SECONDS = 60
SQL_JOB = [("job/10_nothing.sql", "SELECT 1;")]
SLEEPER = [
    (
        "job/10_sleep.py",
        "import time\n"
        "def run(job_input):\n"
        "    print('it sleeps', flush=True)\n"
        "    time.sleep(job_input.get_arguments().get('seconds', 0))\n",
    )
]


def wait_until(get, is_fine):
    deadline = time.monotonic() + SECONDS
    while not is_fine(value := get()):
        assert time.monotonic() < deadline, value
        time.sleep(0.02)
    return value


class Job:
    """A job of a running service, made anew."""

    def __init__(self, service, name, files):
        self.service, self.path = service, f"{TEAM}/{name}"
        body = {"job_name": name, "config": {}}
        assert service.send("POST", TEAM, body).status == 201
        self.version = self.upload(files)

    def upload(self, files):
        answer = self.service.ask(
            "POST",
            self.path + "/sources",
            make_archive(files),
            {"Content-Type": "application/octet-stream"},
        )
        assert answer.status == 200, answer.body
        return answer.json()["version_sha"]

    def deploy(self, **members):
        body = {"job_version": self.version, **members}
        assert self.service.send("POST", self.path + "/deployments", body).status == 202
        return self.settled()

    def settled(self):
        return wait_until(
            lambda: self.service.send("GET", self.path + "/deployments/x/status").json(),
            lambda status: status["state"] not in ("pending", "building"),
        )

    def deployed(self):
        return self.service.send("GET", self.path + "/deployments").json()

    def start(self, **members):
        answer = self.service.send("POST", self.path + "/deployments/x/executions", members)
        assert answer.status == 202, answer.body
        return f"{self.path}/executions/{answer.header('Location').rsplit('/', 1)[1]}"

    def wait_for(self, execution, *statuses):
        return wait_until(
            lambda: self.service.send("GET", execution).json(),
            lambda found: found["status"] in statuses,
        )

    def executions(self):
        return self.service.send("GET", self.path + "/executions").json()


def test_a_run_succeeds_and_tells_its_log(service):
    job = Job(service, "job-sleeps", SLEEPER)
    assert job.deploy()["state"] == "deployed"
    execution = job.start(started_by="manual/test", args={"seconds": 0})
    found = job.wait_for(execution, "succeeded", "user_error", "platform_error")
    assert found["status"] == "succeeded", service.send("GET", execution + "/logs").json()["logs"]
    assert found["message"] == "Success"
    assert found["deployment"]["job_version"] == job.version
    lines = service.send("GET", execution + "/logs").json()["logs"].splitlines()
    assert any(line.endswith("Z it sleeps") for line in lines)
    last = service.send("GET", execution + "/logs?tail_lines=1").json()["logs"]
    assert last == lines[-1]


def test_one_runs_at_a_time_and_a_cancelled_one_says_so(service):
    job = Job(service, "job-cancel", SLEEPER)
    job.deploy()
    execution = job.start(args={"seconds": 1000})
    job.wait_for(execution, "running")
    assert service.send("POST", job.path + "/deployments/x/executions", {}).status == 409
    assert service.send("DELETE", execution).status == 200
    assert job.wait_for(execution, "cancelled")["end_time"]
    assert service.send("DELETE", execution).status == 400


def test_a_failed_deployment_leaves_the_former_one(service):
    job = Job(service, "job-version", SQL_JOB)
    assert (status := job.deploy())["state"] == "deployed", status
    assert job.deploy(job_version="0" * 40)["state"] == "user_error"
    (deployed,) = job.deployed()
    assert deployed["job_version"] == job.version


def test_an_unchanged_job_is_not_deployed_again(service):
    job = Job(service, "job-again", SQL_JOB)
    job.deploy()
    (before,) = job.deployed()
    job.deploy()
    (after,) = job.deployed()
    assert after["last_deployed_date"] == before["last_deployed_date"]


def test_an_earlier_version_is_deployed_again(service):
    job = Job(service, "job-back", SQL_JOB)
    job.deploy()
    first = job.version
    job.version = job.upload([("job/10_other.sql", "SELECT 2;")])
    job.deploy()
    job.version = first
    job.deploy()
    (deployed,) = job.deployed()
    assert deployed["job_version"] == first


def test_a_schedule_that_has_no_time_is_refused(service):
    job = Job(service, "job-cron", SQL_JOB)
    body = {"job_version": job.version, "schedule": {"schedule_cron": "0 0 31 2 *"}}
    answer = service.send("POST", job.path + "/deployments", body)
    assert answer.status == 400
    assert sorted(answer.json()) == ["consequences", "countermeasures", "what", "why"]


def with_config(files, *lines):
    return [*files, ("job/config.ini", "\n".join(["[owner]", "team = alpha", "[job]", *lines]))]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("schedule_time_zone = Europe/Atlantis", "Atlantis"),
        ("schedule_overlap = sometimes", "It has to be forbid, allow or replace."),
        ("schedule_deadline_seconds = soon", "It has to be a number of seconds from 1"),
    ],
)
def test_a_schedule_setting_that_is_none_fails_the_deployment(shared_service, line, expected):
    job = Job(shared_service, f"job-{line.split()[0].split('_')[1]}", with_config(SQL_JOB, line))
    status = job.deploy(schedule={"schedule_cron": "@daily"})
    assert (status["state"], expected in status["message"]) == ("user_error", True), status
    assert job.deployed() == []


def test_a_schedule_is_meant_in_its_time_zone(service):
    # Noon in Kiritimati is long before noon in UTC: only one of the two is within the next minutes.
    zone = timezone(timedelta(hours=14))
    soon = datetime.now(zone) + timedelta(seconds=3)
    files = with_config(SQL_JOB, "schedule_time_zone = Pacific/Kiritimati")
    job = Job(service, "job-zoned", files)
    job.deploy(schedule={"schedule_cron": f"{soon.second} {soon.minute} {soon.hour} * * *"})
    (found,) = wait_until(job.executions, bool)
    assert found["id"] == f"job-zoned-{int(soon.timestamp())}"


def test_an_overlap_that_is_allowed_runs_beside(service):
    job = Job(service, "job-beside", with_config(SLEEPER, "schedule_overlap = allow"))
    job.deploy()
    first = job.start(args={"seconds": 1000})
    job.wait_for(first, "running")
    job.deploy(schedule={"schedule_cron": "* * * * * *"})
    wait_until(job.executions, lambda found: len(found) >= 3)
    assert service.send("GET", first).json()["status"] == "running"
    assert service.send("DELETE", first).status == 200


def test_an_overlap_that_replaces_cancels_what_runs_first(service):
    job = Job(service, "job-replace", with_config(SLEEPER, "schedule_overlap = replace"))
    job.deploy()
    first = job.start(args={"seconds": 1000})
    job.wait_for(first, "running")
    soon = datetime.now(UTC) + timedelta(seconds=2)
    job.deploy(schedule={"schedule_cron": f"{soon.second} {soon.minute} * * * *"})
    replaced = job.wait_for(first, "cancelled")
    (second,) = (e for e in wait_until(job.executions, lambda e: len(e) == 2)
                 if not first.endswith(e["id"]))  # fmt: skip
    path = f"{job.path}/executions/{second['id']}"
    job.wait_for(path, "succeeded")
    events = [json.loads(e) for e in service.ask("GET", path + "/events").body.splitlines()]
    assert events[0]["time"] >= replaced["end_time"].rstrip("Z")


def test_scheduled_times_have_one_execution_each(service):
    job = Job(service, "job-clock", SQL_JOB)
    job.deploy(schedule={"schedule_cron": "* * * * * *"})
    found = wait_until(job.executions, lambda executions: len(executions) >= 2)
    assert {one["type"] for one in found} == {"scheduled"}
    service.send("PATCH", job.path + "/deployments/x", {"enabled": False})
    ids = [one["id"] for one in job.executions()]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("how", ["SIGTERM", "SIGKILL"])
def test_a_run_outlives_the_service(new_store, tmp_path, how):
    import signal

    service = ControlService(tmp_path / "data", new_store())
    service.start()
    try:
        job = Job(service, "job-outlives", SLEEPER)
        job.deploy()
        execution = job.start(args={"seconds": 3})
        job.wait_for(execution, "running")
        service.stop(getattr(signal, how))
        service.start()
        found = job.wait_for(execution, "succeeded", "user_error", "platform_error")
        assert found["status"] == "succeeded"
    finally:
        service.stop()


def test_secrets_are_not_in_the_database(tmp_path):
    data = tmp_path / "data"
    with ControlService(data) as service:
        path = TEAM + "/job-secret/deployments/x/secrets"
        assert service.send("PUT", path, {"password": "an-open-word"}).status == 202
        assert service.send("GET", path).json() == {"password": "an-open-word"}
    stored = b"".join(file.read_bytes() for file in data.glob("service.db*"))
    assert b"an-open-word" not in stored
    (data / "secrets.key").write_text("0" * 64)
    with pytest.raises(RuntimeError, match="key for secrets is not the one"):
        ControlService(data).start()


def test_a_port_in_use_is_told(tmp_path):
    first = ControlService(tmp_path / "a").start()
    with pytest.raises(RuntimeError, match=r"cannot listen on 127\.0\.0\.1, port"):
        ControlService(tmp_path / "b").start(port=first.port)
    assert first.stop() == 0


def test_it_answers_no_foreign_host_and_no_foreign_page(shared_service):
    path = TEAM + "/job-none"
    assert shared_service.ask("GET", path, headers={"Host": "evil.example"}).status == 403
    foreign = {"Origin": "http://evil.example"}
    assert shared_service.ask("GET", path, headers=foreign).status == 403
    own = {"Origin": f"http://localhost:{shared_service.port}"}
    assert shared_service.ask("GET", path, headers=own).status == 404


def test_an_upload_that_is_too_large_is_refused(new_store, tmp_path):
    settings = {**new_store(), "VDK_SERVICE_UPLOAD_LIMIT_BYTES": "1000"}
    with ControlService(tmp_path / "data", settings) as service:
        job = Job(service, "job-large", SQL_JOB)
        answer = service.ask(
            "POST", job.path + "/sources", bytes(2000), {"Content-Type": "application/octet-stream"}
        )
        assert answer.status == 413
        assert json.loads(answer.body)["status"] == 413


LINES = [("job/10_lines.py", "def run(job_input):\n    for i in range(5): print('line', i)\n")]


def test_a_log_is_given_in_parts(service):
    job = Job(service, "job-lines", LINES)
    job.deploy()
    execution = job.start()
    job.wait_for(execution, "succeeded")
    logs = execution + "/logs"
    whole = service.ask("GET", logs, headers={"Accept": "text/plain"})
    assert whole.header("Content-Type").startswith("text/plain")
    assert whole.header("X-Log-Offset") == "0"
    text = whole.body
    assert service.send("GET", logs).json() == {"logs": text.decode().rstrip("\n")}
    # By parameters, with the place to go on at.
    gathered, offset = b"", 0
    while True:
        part = service.send("GET", f"{logs}?offset={offset}&limit=100").json()
        assert part["offset"] == offset
        gathered += part["logs"].encode()
        offset = part["next_offset"]
        if part["complete"]:
            break
    assert gathered == text and offset == len(text)
    # By HTTP's own word.
    plain = {"Accept": "text/plain"}
    part = service.ask("GET", logs, headers={**plain, "Range": "bytes=10-19"})
    assert (part.status, part.body) == (206, text[10:20])
    assert part.header("Content-Range").startswith("bytes 10-19/")
    part = service.ask("GET", logs, headers={**plain, "Range": f"bytes={len(text) - 5}-"})
    assert (part.status, part.body) == (206, text[-5:])
    assert part.header("Content-Range") == f"bytes {len(text) - 5}-{len(text) - 1}/{len(text)}"
    beyond = service.ask("GET", logs, headers={**plain, "Range": "bytes=100000-"})
    assert (beyond.status, beyond.header("Content-Range")) == (416, f"bytes */{len(text)}")
    for odd in ("bytes=5-1", "bytes=-1", "lines=1-2", "bytes=x-", "bytes=99999999999999999999-"):
        assert service.ask("GET", logs, headers={**plain, "Range": odd}).body == text
    # As it grows, which it does no more.
    followed = service.ask("GET", f"{logs}?follow=true&offset=10")
    assert (followed.header("X-Log-Offset"), followed.body) == ("10", text[10:])
    tail = service.ask("GET", f"{logs}?follow=true&tail_lines=1")
    assert tail.body == text.splitlines(True)[-1]
    for wrong in ("offset=-1", "offset=x", "limit=9223372036854775807", "tail_lines=1.5"):
        assert service.send("GET", f"{logs}?{wrong}").status == 400


CHECK = """#!/bin/sh
echo "$# words, $JOB_NAME $JOB_GITHASH, password '$DB_PASSWORD$MY_SECRET'"
if grep -rq forbidden "$2"; then
  echo "it says forbidden; $1"
  exit 3
fi
if [ -e "$2/kill" ]; then kill -9 $$; fi
"""


def test_the_operators_check_has_a_say(new_store, tmp_path):
    check = tmp_path / "check me.sh"
    check.write_text(CHECK)
    check.chmod(0o755)
    words = json.dumps([str(check), "$(touch no) ; shell"])
    settings = {"VDK_SERVICE_DEPLOYMENT_CHECK": words, "MY_SECRET": "hidden"}
    with ControlService(tmp_path / "data", new_store() | settings) as service:
        job = Job(service, "job-checked", SQL_JOB)
        status = job.deploy()
        assert status["state"] == "deployed", status
        assert f"2 words, job-checked {job.version}, password ''" in status["log"]
        good = job.version
        job.version = job.upload([("job/10_bad.sql", "SELECT 'forbidden';")])
        status = job.deploy()
        assert status["state"] == "user_error", status
        assert "it says forbidden; $(touch no) ; shell" in status["message"]
        assert "it says forbidden" in status["log"]
        assert job.deployed()[0]["job_version"] == good
        job.version = job.upload([*SQL_JOB, ("job/kill", "x")])
        status = job.deploy()
        assert status["state"] == "platform_error", status
        assert "gave no answer" in status["message"]
        assert job.deployed()[0]["job_version"] == good


def test_a_check_that_does_not_end_is_ended(new_store, tmp_path):
    check = tmp_path / "check"
    check.write_text("#!/bin/sh\necho begins\nsleep 1000\n")
    check.chmod(0o755)
    settings = {
        "VDK_SERVICE_DEPLOYMENT_CHECK": str(check),
        "VDK_SERVICE_DEPLOYMENT_CHECK_SECONDS": "1",
    }
    with ControlService(tmp_path / "data", new_store() | settings) as service:
        status = Job(service, "job-waits", SQL_JOB).deploy()
        assert status["state"] == "platform_error", status
        assert "did not end within 1 s" in status["message"]
        assert "begins" in status["log"]


@pytest.mark.parametrize("value", ["/no/such/check", "[]", "[1]", '["/bin/true"', "{}"])
def test_a_check_that_cannot_be_run_is_told_at_the_start(tmp_path, value):
    service = ControlService(tmp_path / "data", {"VDK_SERVICE_DEPLOYMENT_CHECK": value})
    with pytest.raises(RuntimeError, match=r"vdk\.service\.deployment\.check"):
        service.start()
