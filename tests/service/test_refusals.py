"""Each way to be refused, with the body that clients show."""

import json

import pytest
from control_service import ControlService
from recorded_archives import make_archive

TEAM = "/data-jobs/for-team/alpha/jobs"
JOB = TEAM + "/job-refused"
OTHER = "/data-jobs/for-team/beta/jobs/job-refused"
NONE = TEAM + "/job-that-is-not"
DEPLOYMENTS = JOB + "/deployments"
SECRETS = DEPLOYMENTS + "/x/secrets"
CREDENTIALS = "/data-jobs/teams/alpha/oauth-credentials"
MEMBERS = {
    "four": ["consequences", "countermeasures", "what", "why"],
    "framework": ["error", "path", "status", "timestamp"],
}
SETTINGS = {"VDK_SERVICE_SECRETS_KEY": "0123456789abcdef" * 4}


def cron(expression):
    return {"schedule": {"schedule_cron": expression}}


def named(name, **members):
    return {"job_name": name, **members}


# (method, path, JSON): status and what is in the body
REFUSALS = {
    "a job of another team": ("GET", OTHER, None, 404, "empty"),
    "an update of another team's job": ("PUT", OTHER, named("job-refused"), 404, "empty"),
    "a deletion of another team's job": ("DELETE", OTHER, None, 404, "empty"),
    "a deployment of another team's job": ("POST", OTHER + "/deployments", {}, 404, "empty"),
    "executions of another team's job": ("GET", OTHER + "/executions", None, 404, "four"),
    "a job that is not there": ("GET", NONE, None, 404, "empty"),
    "a start of none": ("POST", NONE + "/deployments/x/executions", {}, 404, "four"),
    "a start of what is not deployed": ("POST", DEPLOYMENTS + "/x/executions", {}, 404, "four"),
    "a change of what is not deployed": ("PATCH", DEPLOYMENTS + "/x", {}, 404, "four"),
    "a deployment that is not there": ("GET", DEPLOYMENTS + "/x", None, 404, "empty"),
    "an execution that is not there": ("GET", JOB + "/executions/none", None, 404, "four"),
    "a log of none": ("GET", JOB + "/executions/none/logs", None, 404, "four"),
    "a cancellation of none": ("DELETE", JOB + "/executions/none", None, 404, "four"),
    "sources that are not there": ("GET", JOB + "/sources", None, 404, "empty"),
    "a blank team to go to": ("PUT", JOB + "/team/%20", None, 404, "empty"),
    "credentials that are not there": ("GET", CREDENTIALS, None, 404, "empty"),
    "no such status": ("GET", JOB + "/executions?execution_status=done", None, 404, "four"),
    "no such address": ("GET", "/data-jobs/nothing", None, 404, "framework"),
    "a name that is taken": ("POST", TEAM, named("job-refused"), 409, "empty"),
    "a Python that is not there": ("POST", DEPLOYMENTS, {"python_version": "2.7"}, 409, "four"),
    "a name that is short": ("POST", TEAM, named("job"), 400, "four"),
    "a name that is long": ("POST", TEAM, named("a" * 51), 400, "four"),
    "a name with capitals": ("POST", TEAM, named("Job-Refused"), 400, "four"),
    "a name with a dash at its end": ("POST", TEAM, named("job-refused-"), 400, "four"),
    "a name that is no text": ("POST", TEAM, named(["job-refused"]), 400, "four"),
    "no name": ("POST", TEAM, {}, 400, "four"),
    "another name in the query": ("POST", TEAM + "?name=other", named("job-one"), 400, "four"),
    "another team in the body": ("POST", TEAM, named("job-one", team="beta"), 400, "four"),
    "another name in an update": ("PUT", JOB, named("job-other"), 400, "four"),
    "another team in an update": ("PUT", JOB, named("job-refused", team="beta"), 400, "four"),
    "a configuration that is none": ("POST", TEAM, named("job-one", config=1), 400, "four"),
    "a schedule that is none": ("POST", DEPLOYMENTS, cron("every day"), 400, "four"),
    "a schedule without a time": ("POST", DEPLOYMENTS, cron("0 0 30 2 *"), 400, "four"),
    "a minute too many": ("PATCH", DEPLOYMENTS + "/x", cron("60 * * * *"), 400, "four"),
    "a mode that is none": ("POST", DEPLOYMENTS, {"mode": "fast"}, 400, "four"),
    "a mode to list that is none": ("GET", DEPLOYMENTS + "?mode=fast", None, 400, "four"),
    "resources": ("POST", DEPLOYMENTS, {"resources": {"cpu_limit": 2}}, 400, "four"),
    "whether to notify": ("POST", DEPLOYMENTS + "?send_notification=x", {}, 400, "four"),
    "arguments that are none": ("POST", DEPLOYMENTS + "/x/executions", {"args": []}, 400, "four"),
    "a count that is none": ("GET", JOB + "/executions/x/logs?tail_lines=x", None, 400, "four"),
    "whether to follow": ("GET", JOB + "/executions/x/logs?follow=x", None, 400, "four"),
    "an offset before the start": ("GET", JOB + "/executions/x/logs?offset=-1", None, 400, "four"),
    "properties that are a list": ("PUT", DEPLOYMENTS + "/x/properties", [], 400, "four"),
    "secrets that are a list": ("PUT", SECRETS, [], 400, "four"),
    "a blank client id": ("PUT", CREDENTIALS, {"clientId": " ", "clientSecret": "x"}, 400, "four"),
    "no client secret": ("PUT", CREDENTIALS, {"clientId": "x"}, 400, "four"),
    "client ids that are none": (
        "POST",
        "/data-jobs/oauth-credentials/client-ids",
        [1],
        400,
        "four",
    ),
    "secrets that are too large": ("PUT", SECRETS, {"a": "x" * 1048576}, 413, "four"),
    "properties that are too large": (
        "PUT",
        DEPLOYMENTS + "/x/properties",
        {"a": "x" * (16 << 20)},
        413,
        "framework",
    ),
    "an address with dots": ("GET", TEAM + "/../jobs", None, 400, "framework"),
    "an address with a broken escape": ("GET", TEAM + "/%zz", None, 400, "framework"),
    "a method that is none": ("PATCH", JOB, {}, 405, "framework"),
}


def check(answer, status, body):
    assert answer.status == status, answer.body
    assert answer.header("X-Content-Type-Options") == "nosniff"
    if body == "empty":
        assert answer.body == b""
        return
    assert answer.header("Content-Type") == "application/json"
    assert sorted(answer.json()) == MEMBERS[body]
    assert all(answer.json().values())


@pytest.fixture(scope="module")
def service(new_store, tmp_path_factory):
    data = tmp_path_factory.mktemp("service") / "data"
    with ControlService(data, {**SETTINGS, **new_store()}) as running:
        assert running.send("POST", TEAM, named("job-refused", config={})).status == 201
        yield running


@pytest.mark.parametrize("kind", REFUSALS)
def test_it_is_refused(service, kind):
    method, path, value, status, body = REFUSALS[kind]
    check(service.send(method, path, value), status, body)


@pytest.mark.parametrize(
    "text", ["", "{", "null", '{"job_name": "\\ud800"}', '{"a": NaN}', "[" * 10_000, "\xff"]
)
def test_json_that_is_none_is_refused(service, text):
    kind = {"Content-Type": "application/json"}
    for method, path in (("POST", TEAM), ("PUT", JOB), ("POST", DEPLOYMENTS)):
        if path != DEPLOYMENTS or "job_name" not in text:  # which has no member of that name
            check(service.ask(method, path, text.encode("latin-1"), kind), 400, "four")


@pytest.mark.parametrize("path", [TEAM, DEPLOYMENTS, JOB + "/sources"])
def test_another_kind_of_body_is_refused(service, path):
    answer = service.ask(
        "POST", path, b"a=b", {"Content-Type": "application/x-www-form-urlencoded"}
    )
    check(answer, 415, "framework")
    assert answer.header("Accept") in ("application/json", "application/octet-stream")


def test_a_kind_of_answer_that_is_not_there_is_refused_and_nothing_done(service):
    body = json.dumps(named("job-unacceptable")).encode()
    headers = {"Content-Type": "application/json", "Accept": "application/xml"}
    check(service.ask("POST", TEAM, body, headers), 406, "empty")
    check(service.send("GET", TEAM + "/job-unacceptable"), 404, "empty")


@pytest.mark.parametrize("team", ["gamma", "Alpha", "alph%C3%A1"])
def test_an_upload_for_an_unknown_team_is_refused(service, team):
    path = f"/data-jobs/for-team/{team}/jobs/job-refused/sources"
    archive = make_archive([("job/10_step.sql", "SELECT 1;")])
    check(
        service.ask("POST", path, archive, {"Content-Type": "application/octet-stream"}),
        404,
        "empty",
    )


def test_without_a_key_there_are_no_secrets(new_store, tmp_path):
    settings = {**new_store(), "FEATUREFLAG_VAULT_INTEGRATION_ENABLED": "false"}
    with ControlService(tmp_path / "data", settings) as service:
        check(service.send("GET", SECRETS), 501, "four")
        check(service.send("PUT", SECRETS, {"a": 1}), 501, "four")
        check(service.send("PUT", SECRETS, []), 400, "four")
        check(service.send("GET", CREDENTIALS), 501, "empty")
        check(
            service.send("PUT", CREDENTIALS, {"clientId": "a", "clientSecret": "b"}), 501, "empty"
        )
