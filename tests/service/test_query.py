"""Jobs asked for by GraphQL."""

import json
from urllib.parse import quote, urlencode

import pytest
from recorded_archives import make_archive

TEAMS = "/data-jobs/for-team"


def create(service, team, name, **config):
    path = f"{TEAMS}/{quote(team)}/jobs"
    body = {"job_name": name, "team": team, "description": f"About {name}", "config": config}
    assert service.send("POST", path, body).status == 201


@pytest.fixture(scope="module")
def jobs(shared_service):
    """Four jobs of two teams, one deployed, one deployed and disabled."""
    service = shared_service
    create(service, "blue", "blue-two", schedule={"schedule_cron": "0 12 * * *"})
    create(service, "blue", "blue-one", contacts={"notified_on_job_deploy": ["a@b.c"]})
    create(service, "Red Team", "zed-job-1")
    create(service, "red_team", "zed-job-2")
    kind = {"Content-Type": "application/octet-stream"}
    archive = make_archive([("job/10_step.sql", "SELECT 1;")])
    for team, name, enabled in (("blue", "blue-one", True), ("red_team", "zed-job-2", False)):
        job = f"{TEAMS}/{team}/jobs/{name}"
        version = service.ask("POST", job + "/sources", archive, kind).json()["version_sha"]
        body = {"job_version": version, "enabled": enabled}
        assert service.send("POST", job + "/deployments", body).status == 202
        while service.send("GET", job + "/deployments").json() == []:
            status = service.send("GET", job + "/deployments/x/status").json()
            assert status["state"] in ("pending", "building", "deployed"), status
    return service


def ask(service, query, **more):
    text = urlencode({"query": query, **more})
    return service.ask("GET", f"{TEAMS}/any/jobs?{text}")


def names(service, filters, arguments="pageNumber: 1, pageSize: 100"):
    query = f"{{ jobs({arguments}, filter: [{filters}]) {{ content {{ jobName }} totalItems }} }}"
    answer = ask(service, query)
    assert answer.status == 200, answer.body
    data = answer.json()["data"]
    return [job["jobName"] for job in data["content"]], data["totalItems"]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ("", ["blue-one", "blue-two", "zed-job-1", "zed-job-2"]),
        ('{property: "jobName", pattern: "BLUE-ONE"}', ["blue-one"]),
        ('{property: "jobName", pattern: "blue"}', []),
        ('{property: "jobName", pattern: "b*-t?o"}', ["blue-two"]),
        ('{property: "jobName", pattern: "blue?two"}', []),
        ('{property: "jobName", pattern: "blue%"}', []),
        ('{property: "config.team", pattern: " BLUE "}', ["blue-one", "blue-two"]),
        ('{property: "config.team", pattern: "red_team"}', ["zed-job-2"]),
        ('{property: "config.team", pattern: "red%"}', ["zed-job-1", "zed-job-2"]),
        ('{property: "config.team", pattern: "r*"}', []),
        ('{property: "config.description", pattern: "ABOUT BLUE"}', ["blue-one", "blue-two"]),
        ('{property: "deployments.enabled", pattern: "Enabled"}', ["blue-one"]),
        ('{property: "deployments.enabled", pattern: "disabled"}', ["zed-job-2"]),
        ('{property: "deployments.enabled", pattern: "not_deployed"}', ["blue-two", "zed-job-1"]),
        ('{property: "deployments.enabled", pattern: "on"}', []),
        ('{property: "deployments.lastExecutionStatus", pattern: "succeeded"}', []),
        ('{property: "jobName", sort: DESC}', ["zed-job-2", "zed-job-1", "blue-two", "blue-one"]),
        (
            '{property: "config.team", sort: ASC}',
            ["zed-job-1", "blue-one", "blue-two", "zed-job-2"],
        ),
        (
            '{property: "deployments.enabled", sort: ASC}',
            ["blue-one", "zed-job-2", "blue-two", "zed-job-1"],
        ),
        (
            '{property: "config.team", pattern: "blue", sort: ASC}, {property: "jobName", sort: DESC}',
            ["blue-two", "blue-one"],
        ),
        (
            '{property: "deployments.lastExecutionTime", sort: DESC}',
            ["blue-one", "blue-two", "zed-job-1", "zed-job-2"],
        ),
    ],
)
def test_jobs_are_filtered_and_sorted(jobs, filters, found):
    assert names(jobs, filters) == (found, len(found))


def test_a_page_is_a_part_of_all(jobs):
    assert names(jobs, "", "pageNumber: 2, pageSize: 3") == (["zed-job-2"], 4)
    assert names(jobs, "", "pageNumber: 9, pageSize: 3") == ([], 4)
    answer = ask(jobs, "{ jobs(pageNumber: 1, pageSize: 3) { totalPages } }").json()
    assert answer["data"] == {"content": None, "totalItems": 0, "totalPages": 2}


def test_only_what_is_asked_for_is_told(jobs):
    query = """query Deployed($name: String) {
        jobs(pageNumber: 1, pageSize: 5, filter: [{property: "jobName", pattern: $name}]) {
          content {
            kind: __typename jobName ...More
            deployments { enabled status mode lastExecutionTime failedExecutions
                          schedule { scheduleCron } executions { id } }
          }
        }
      }
      fragment More on DataJob {
        config { team schedule { scheduleCron nextRunEpochSeconds } contacts { notifiedOnJobDeploy } }
      }"""
    answer = ask(jobs, query, variables=json.dumps({"name": "blue-one"}))
    assert answer.status == 200, answer.body
    assert answer.json()["errors"] == []
    (job,) = answer.json()["data"]["content"]
    assert job == {
        "kind": "DataJob",
        "jobName": "blue-one",
        "config": {
            "team": "blue",
            "schedule": {"scheduleCron": None, "nextRunEpochSeconds": -1},
            "contacts": {"notifiedOnJobDeploy": ["a@b.c"]},
        },
        "deployments": [
            {
                "enabled": True,
                "status": None,
                "mode": "release",
                "lastExecutionTime": None,
                "failedExecutions": 0,
                "schedule": {"scheduleCron": None},
                "executions": [],
            }
        ],
    }
    answer = ask(jobs, query, variables=json.dumps({"name": "blue-two"}))
    (job,) = answer.json()["data"]["content"]
    assert job["deployments"] is None
    assert job["config"]["schedule"]["nextRunEpochSeconds"] % 86400 == 12 * 3600


def test_no_query_is_one_for_the_first_jobs(jobs):
    for text in ("", "?query="):
        data = jobs.ask("GET", f"{TEAMS}/any/jobs{text}").json()["data"]
        assert data["totalItems"] == 4 and data["totalPages"] == 1
        assert sorted(data["content"][0]) == ["config", "jobName"]


@pytest.mark.parametrize(
    ("query", "member", "word"),
    [
        ("{ jobs(pageNumber: 1, ", "errorType", "InvalidSyntax"),
        ("{ jobs { content { nope } } }", "validationErrorType", "FieldUndefined"),
        ("{ jobs { totalItems } }", "errorType", "DataFetchingException"),
        (
            '{ jobs(pageNumber: 1, filter: [{property: "nope", sort: ASC}]) { totalItems } }',
            "errorType",
            "DataFetchingException",
        ),
        (
            '{ jobs(pageNumber: 1, search: "x") { totalItems } }',
            "errorType",
            "DataFetchingException",
        ),
    ],
)
def test_a_wrong_query_is_refused_in_graphqls_form(jobs, query, member, word):
    answer = ask(jobs, query)
    assert answer.status == 400
    body = answer.json()
    assert body["data"] is None
    (error,) = body["errors"]
    assert error[member] == word and error["message"] and error["locations"][0]["line"] == 1


def test_wrong_variables_are_refused(jobs):
    for variables in ("", "{bad", "[1]", "null"):
        answer = ask(jobs, "{ jobs(pageNumber: 1) { totalItems } }", variables=variables)
        assert answer.status == 400
        assert sorted(answer.json()) == ["consequences", "countermeasures", "what", "why"]


def test_patterns_reach_the_database_as_values_only(jobs):
    for pattern in ("'; DROP TABLE job; --", "\\\\", "%' OR '1'='1", "_______", "$1", "x" * 1000):
        text = json.dumps(pattern)
        assert names(jobs, f'{{property: "config.team", pattern: {text}}}') == ([], 0), pattern
    assert names(jobs, "")[1] == 4
