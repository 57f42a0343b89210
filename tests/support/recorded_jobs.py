"""What was done between the recorded exchanges, which they do not show."""

import json

from recorded_archives import archive

TEAM = "/data-jobs/for-team/alpha/jobs"
LATER = ["job-uerr", "job-perr", "job-skip", "job-plain", "job-odd"]


def _create(service, name):
    config = {"schedule": {"schedule_cron": "0 12 * * *"}}
    assert service.send("POST", TEAM, {"job_name": name, "config": config}).status == 201


def _deploy(service, name, **members):
    kind = {"Content-Type": "application/octet-stream"}
    path = f"{TEAM}/{name}"
    version = service.ask("POST", path + "/sources", archive(name), kind).json()["version_sha"]
    body = {"job_version": version, **members}
    answer = service.send("POST", path + "/deployments", body)
    assert answer.status == 202, json.dumps(body)
    return path + "/deployments"


def prepare(service, exchange):
    """Does what came before the exchange, and says which deployments have to be waited for."""
    if exchange == "exec-start-job-succ":
        for name in ["job-succ", "job-cancel", *LATER]:
            _create(service, name)
        return [_deploy(service, name) for name in ("job-succ", "job-cancel")]
    if exchange == "exec-start-job-uerr-2":
        return [_deploy(service, name) for name in LATER]
    return []
