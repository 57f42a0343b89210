"""Every call of the generated API client, strictly: run by its environment's interpreter with the service's URL.

What the client sends is checked by its models, and what comes back is read into them: either raises where
something does not fit. Fails where a call of one of the classes was not made.
"""

import datetime
import io
import json
import sys
import time
import zipfile

import taurus_datajob_api as api

TEAM, JOB = "sales", "daily-sales"
OF_JOB = {"team_name": TEAM, "job_name": JOB}
DEPLOYED = {**OF_JOB, "deployment_id": "production"}
STEP = "def run(job_input): print(job_input.get_arguments())"
SECONDS = 60


class Recorder:
    """An API class, and which of its calls were not made yet."""

    def __init__(self, of):
        self.of = of
        self.missing = {
            name
            for name, member in vars(type(of)).items()
            if callable(member) and not name.startswith("_") and not name.endswith("_info")
        }

    def __getattr__(self, name):
        self.missing.discard(name.removesuffix("_with_http_info"))
        return getattr(self.of, name)


def archive():
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as made:
        made.writestr("job/10_step.py", STEP)
    return data.getvalue()


def until(ask, is_it):
    end = time.monotonic() + SECONDS
    while not is_it(answer := ask()):
        assert time.monotonic() < end, answer
        time.sleep(0.02)
    return answer


def use_jobs(jobs):
    config = api.DataJobConfig(
        db_default_type="SQLITE",
        contacts=api.DataJobContacts(notified_on_job_deploy=["a@b.c"]),
        schedule=api.DataJobSchedule(schedule_cron="0 0 1 1 *"),
    )
    job = api.DataJob(job_name=JOB, team=TEAM, description="Of sales", config=config)
    jobs.data_job_create(team_name=TEAM, data_job=job, name=JOB)
    read = jobs.data_job_read(**OF_JOB)
    assert isinstance(read, api.DataJob)
    assert read.config.contacts.notified_on_job_deploy == ["a@b.c"]
    assert read.config.notification_delay_period_minutes == 240
    read.description = "Changed"
    jobs.data_job_update(**OF_JOB, data_job=read)
    assert jobs.data_job_read(**OF_JOB) == read
    assert isinstance(jobs.data_job_keytab_download(**OF_JOB), (bytes, bytearray))
    found = jobs.jobs_query(
        team_name=TEAM,
        query="query Q($n: Int) { jobs(pageNumber: $n) { content { jobName } totalItems } }",
        operation_name="Q",
        variables=json.dumps({"n": 1}),
    )
    assert isinstance(found, api.DataJobQueryResponse)
    assert found.data.content == [{"jobName": JOB}] and found.data.total_items == 1


def use_deployments(sources, deployments):
    version = sources.sources_upload(**OF_JOB, body=archive(), reason="The first")
    assert isinstance(version, api.DataJobVersion)
    with zipfile.ZipFile(io.BytesIO(sources.data_job_sources_download(**OF_JOB))) as back:
        assert back.read(f"{JOB}/10_step.py").decode() == STEP
    wanted = api.DataJobDeployment(
        job_version=version.version_sha, mode="release", schedule=api.DataJobSchedule()
    )
    deployments.deployment_update(**OF_JOB, data_job_deployment=wanted, send_notification=False)
    (made,) = until(
        lambda: deployments.deployment_list(**OF_JOB, deployment_id="x", mode="release"), len
    )
    assert isinstance(made, api.DataJobDeploymentStatus) and made.enabled is True
    deployments.deployment_patch(
        **DEPLOYED, data_job_deployment=api.DataJobDeployment(enabled=False)
    )
    read = deployments.deployment_read(**DEPLOYED)
    assert read.enabled is False and read.job_version == version.version_sha


def use_executions(executions):
    request = api.DataJobExecutionRequest(started_by="manual/test", args={"n": 1})
    answer = executions.data_job_execution_start_with_http_info(
        **DEPLOYED, data_job_execution_request=request
    )
    execution = {**OF_JOB, "execution_id": answer.headers["Location"].rsplit("/", 1)[1]}
    ended = until(
        lambda: executions.data_job_execution_read(**execution),
        lambda one: one.status not in ("submitted", "running"),
    )
    assert isinstance(ended, api.DataJobExecution) and ended.status == "succeeded", ended
    assert isinstance(ended.start_time, datetime.datetime) and ended.end_time > ended.start_time
    assert isinstance(ended.deployment, api.DataJobDeployment)
    logs = executions.data_job_logs_download(**execution, tail_lines=0)
    assert isinstance(logs, api.DataJobExecutionLogs) and "{'n': 1}" in logs.logs
    listed = executions.data_job_execution_list(**OF_JOB, execution_status=["succeeded"])
    assert listed == [ended]
    assert executions.data_job_deployment_execution_list(**DEPLOYED) == [ended]
    try:
        executions.data_job_execution_cancel(**execution)
    except api.ApiException as refusal:
        assert refusal.status == 400
    else:
        raise AssertionError("an execution that has ended was cancelled")


def use_properties_and_secrets(properties, secrets):
    kept = {"day": 17, "ratio": 0.5, "on": True, "none": None, "list": [1], "map": {"a": "ä"}}
    properties.data_job_properties_update(**DEPLOYED, request_body=kept)
    assert properties.data_job_properties_read(**DEPLOYED) == kept
    secrets.data_job_secrets_update(**DEPLOYED, request_body=kept)
    assert secrets.data_job_secrets_read(**DEPLOYED) == kept
    credentials = api.OauthCredentials(client_id="a-client", client_secret="a-word")
    secrets.oauth_credentials_put(team_name=TEAM, oauth_credentials=credentials)
    read = secrets.oauth_credentials_get(team_name=TEAM)
    assert (read.team_name, read.client_id, read.client_secret) == (TEAM, "a-client", "a-word")
    assert secrets.client_id_get(team_name=TEAM).client_id == "a-client"
    (found,) = secrets.get_team_ids_for_client_ids(request_body=["a-client", "unknown"])
    assert isinstance(found, api.OauthTeamClientId) and found.team_name == TEAM


def main():
    configuration = api.Configuration(host=sys.argv[1])
    assert configuration.client_side_validation
    client = api.ApiClient(configuration)
    jobs = Recorder(api.DataJobsApi(client))
    sources = Recorder(api.DataJobsSourcesApi(client))
    deployments = Recorder(api.DataJobsDeploymentApi(client))
    executions = Recorder(api.DataJobsExecutionApi(client))
    properties = Recorder(api.DataJobsPropertiesApi(client))
    secrets = Recorder(api.DataJobsSecretsApi(client))
    service = Recorder(api.DataJobsServiceApi(client))
    information = service.of.info(team_name=TEAM)
    assert isinstance(information, api.DataJobApiInfo) and information.supported_python_versions
    use_jobs(jobs)
    use_deployments(sources, deployments)
    use_executions(executions)
    use_properties_and_secrets(properties, secrets)
    deployments.deployment_delete(**DEPLOYED)
    sources.sources_delete(**OF_JOB, reason="No more")
    jobs.data_job_team_update(**OF_JOB, new_team="others")
    jobs.data_job_delete(team_name="others", job_name=JOB)
    for used in (jobs, sources, deployments, executions, properties, secrets):
        assert not used.missing, used.missing


main()
