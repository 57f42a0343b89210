"""The OpenAPI document is the contract: whatever is asked by it, or against it, is answered by it."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from control_service import ControlService
from recorded_archives import make_archive

HERE = Path(__file__).resolve().parent / "contract"
FOLDERS = [str(HERE), str(HERE.parent.parent / "support")]
TEAM = "/data-jobs/for-team/alpha/jobs"
SETTINGS = {"VDK_SERVICE_SECRETS_KEY": "0123456789abcdef" * 4}


def make_jobs(service):
    """One that runs, one that could, and one that is only a name; tells an execution of the first."""
    for name in ("job-deployed", "job-with-sources", "job-bare"):
        assert service.send("POST", TEAM, {"job_name": name, "config": {}}).status == 201
    archive = make_archive([("job/10_nothing.sql", "SELECT 1;")])
    kind = {"Content-Type": "application/octet-stream"}
    for name in ("job-deployed", "job-with-sources"):
        assert service.ask("POST", f"{TEAM}/{name}/sources", archive, kind).status == 200
    deployment = f"{TEAM}/job-deployed/deployments"
    assert service.send("POST", deployment, {}).status == 202
    wait_until(lambda: service.send("GET", deployment).json(), lambda found: found)
    return service.send("POST", deployment + "/x/executions", {}).header("Location").split("/")[-1]


def wait_until(get, is_fine):
    deadline = time.monotonic() + 60
    while not is_fine(get()):
        assert time.monotonic() < deadline
        time.sleep(0.02)


FULL = pytest.mark.full
BOUNDS = [["--max-examples", "12"], ["--max-time", "900"]]


@pytest.mark.parametrize(
    "bound", [pytest.param(BOUNDS[0], id="short"), pytest.param(BOUNDS[1], id="long", marks=FULL)]
)
def test_no_answer_is_against_the_document(new_store, tmp_path, bound):
    with ControlService(tmp_path / "data", {**SETTINGS, **new_store()}) as service:
        execution = make_jobs(service)
        found = subprocess.run(
            [
                Path(sys.executable).parent / "schemathesis",
                *("--config-file", HERE / "schemathesis.toml"),
                *("run", f"http://127.0.0.1:{service.port}/data-jobs/api-docs"),
                *("--seed", "1", "--no-color", *bound),
            ],
            env={
                "PATH": "/usr/bin:/bin",
                "HOME": str(tmp_path),
                "PYTHONPATH": os.pathsep.join(FOLDERS),
                "EXECUTION": execution,
            },
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        errors = [line for line in service.log if " error " in line]
        assert service.process.poll() is None, "the service has ended:\n" + "".join(
            service.log[-5:]
        )
    assert found.returncode == 0, found.stdout + found.stderr + "".join(errors)
    assert errors == []
