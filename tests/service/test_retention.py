"""Old executions go, and their logs with them. (The rules in simulated time: janitor_test.cpp.)"""

from control_service import ControlService
from recorded_archives import make_archive
from service_chaos import TEAM, wait_until

JOB = f"{TEAM}/job-kept"
SETTINGS = {
    "DATAJOBS_EXECUTIONS_CLEANUPJOB_SCHEDULECRON": "* * * * * *",
    "DATAJOBS_EXECUTION_MAXIMUM_EXECUTIONS_TO_STORE": "2",
}


def test_the_last_executions_and_their_logs_are_kept(new_store, tmp_path):
    settings = new_store()
    with ControlService(tmp_path / "data", settings) as service:
        body = {"job_name": "job-kept", "config": {}}
        assert service.send("POST", TEAM, body).status == 201
        archive = make_archive([("job/10_nothing.sql", "SELECT 1;")])
        kind = {"Content-Type": "application/octet-stream"}
        version = service.ask("POST", JOB + "/sources", archive, kind).json()["version_sha"]
        service.send("POST", JOB + "/deployments", {"job_version": version})
        wait_until(lambda: service.send("GET", JOB + "/deployments").json(), bool, "deployment")
        executions = []
        while len(executions) < 4:
            answer = service.send("POST", JOB + "/deployments/x/executions", {})
            executions.append(answer.header("Location").rpartition("/")[2])
            path = f"{JOB}/executions/{executions[-1]}"
            wait_until(
                lambda path=path: service.send("GET", path).json(),
                lambda one: one["status"] == "succeeded",
            )
    attempts = tmp_path / "data" / "attempts"
    assert {path.name for path in attempts.glob("job-*")} == {f"{id}-1" for id in executions}
    service.settings |= SETTINGS
    with service:
        wait_until(
            lambda: [one["id"] for one in service.send("GET", JOB + "/executions").json()],
            lambda ids: ids == executions[:1:-1],
            "executions",
        )
        wait_until(
            lambda: {path.name for path in attempts.glob("job-*")},
            lambda names: names == {f"{id}-1" for id in executions[2:]},
            "logs",
        )
        gone, kept = (f"{JOB}/executions/{executions[i]}/logs" for i in (0, 3))
        assert service.send("GET", gone).status == 404
        assert service.send("GET", kept).json()["logs"]


def test_a_rule_that_cannot_be_read_is_refused(tmp_path):
    service = ControlService(
        tmp_path / "data", SETTINGS | {"DATAJOBS_EXECUTIONS_CLEANUPJOB_SCHEDULECRON": "each night"}
    )
    assert "datajobs.executions.cleanupJob.scheduleCron" in service.refusal()
