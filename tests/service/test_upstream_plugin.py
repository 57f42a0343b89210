"""Upstream's plugin for the Control Service, unchanged, beside our client: our commands, its back end and its skip check.

Its release on PyPI registers a back end for properties only; secrets are ours.
"""

import json
import os
import subprocess

import pytest
from control_service import SECONDS, ControlService
from package_environment import make_environment
from recorded_archives import make_archive

TEAM = "/data-jobs/for-team/sales/jobs"
STEP = """
def run(job_input):
    properties = job_input.get_all_properties()
    properties["runs"] = properties.get("runs", 0) + 1
    job_input.set_all_properties(properties)
    print("ran", properties["runs"], job_input.get_secret("pin"))
"""


@pytest.fixture(scope="module")
def vdk(our_wheel, tmp_path_factory):
    """`vdk` of an environment with our distribution and upstream's plugin, and a service with a job."""
    folder = tmp_path_factory.mktemp("plugin")
    prefix = folder / "environment"
    # Older clients lack a module that the plugin imports.
    make_environment(
        prefix, our_wheel, ["vdk-plugin-control-cli", "vdk-control-cli>=1.3.1711238791"]
    )
    (folder / "daily-sales").mkdir()
    (folder / "daily-sales" / "10_step.py").write_text(STEP)
    (folder / "daily-sales" / "config.ini").write_text("[owner]\nteam = sales\n")
    with ControlService(folder / "data") as service:

        def run(*words, **variables):
            return subprocess.run(
                [prefix / "bin" / "vdk", *words],
                cwd=folder,
                env={
                    "PATH": f"{prefix / 'bin'}:{os.environ['PATH']}",
                    "HOME": str(folder),
                    "LANG": "C.UTF-8",
                    "VDK_CONTROL_SERVICE_REST_API_URL": f"http://127.0.0.1:{service.port}",
                    **variables,
                },
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )

        run.service = service
        assert service.send("POST", TEAM, {"job_name": "daily-sales"}).status == 201
        yield run


def test_the_commands_are_ours(vdk):
    done = vdk("list", "-t", "sales", "-o", "json")
    assert "is not loaded" not in done.stderr
    row = {"job_name": "daily-sales", "job_team": "sales", "status": "NOT_DEPLOYED"}
    assert json.loads(done.stdout) == [row], done.stderr
    for command, word in (("deploy", "--wait"), ("execute", "--follow"), ("secrets", "--local")):
        assert word in vdk(command, "--help").stdout, command


def test_properties_are_in_its_back_end_and_secrets_in_ours(vdk):
    path = TEAM + "/daily-sales/deployments/x"
    assert vdk.service.send("PUT", path + "/secrets", {"pin": "1234"}).status == 202
    chosen = {
        "VDK_PROPERTIES_DEFAULT_TYPE": "default",
        "VDK_SECRETS_DEFAULT_TYPE": "control-service",
    }
    for runs in (1, 2):
        done = vdk("run", "daily-sales", **chosen)
        assert done.returncode == 0, done.stderr
        assert f"ran {runs} 1234" in done.stdout
        assert "Initialize Control Service based Properties client" in done.stderr  # its own word
    assert vdk.service.send("GET", path + "/properties").json() == {"runs": 2}


def test_a_run_is_skipped_while_another_is_at_work(vdk):
    service, job = vdk.service, TEAM + "/daily-sales"
    archive = make_archive(
        [("job/10_sleep.py", "import time\n\n\ndef run(job_input): time.sleep(1000)\n")]
    )
    kind = {"Content-Type": "application/octet-stream"}
    version = service.ask("POST", job + "/sources", archive, kind).json()["version_sha"]
    body = {"job_version": version}
    assert service.send("POST", job + "/deployments", body).status == 202
    while service.send("GET", job + "/deployments").json() == []:
        status = service.send("GET", job + "/deployments/x/status").json()
        assert status["state"] in ("pending", "building", "deployed"), status
    started = service.send("POST", job + "/deployments/x/executions", {})
    execution = f"{job}/executions/{started.header('Location').rsplit('/', 1)[1]}"
    while service.send("GET", execution).json()["status"] == "submitted":
        pass
    deployed = {"VDK_LOG_CONFIG": "CLOUD", "VDK_PROPERTIES_DEFAULT_TYPE": "memory"}
    done = vdk("run", "daily-sales", **deployed)
    assert done.returncode == 0 and "ran" not in done.stdout, done.stdout
    assert service.send("DELETE", execution).status == 200
    done = vdk("run", "daily-sales", **deployed)
    assert done.returncode == 0 and "ran 1" in done.stdout, done.stderr
