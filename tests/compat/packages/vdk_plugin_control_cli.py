"""Properties of a job, and the command for them, on a stub of the Control Service; a job that runs already is skipped."""

import re

from web_service import serving

# Older ones lack a module that it imports.
REQUIRES = ["vdk-plugin-control-cli", "vdk-control-cli>=1.3.1711238791"]
JOB = "/data-jobs/for-team/us/jobs/job"


def check(cell):
    kept = {"runs": 1}
    running = []

    def answer(request):
        if re.fullmatch(rf"{JOB}/deployments/\w+/properties", request.path):
            if request.method == "PUT":
                kept.update(request.json)
            return kept
        if request.path == f"{JOB}/executions":
            return running
        return None

    cell.file("job/config.ini", "[owner]\nteam = us\n")
    cell.body(
        """
        properties = job_input.get_all_properties()
        properties["runs"] += 1
        job_input.set_all_properties(properties)
        """
    )
    with serving(answer) as url:
        service = {"VDK_CONTROL_SERVICE_REST_API_URL": url, "VDK_LOG_CONFIG": "CLOUD"}
        cell.vdk(**service).succeeded()
        assert kept == {"runs": 2}
        shown = cell.vdk("properties", "--list", "-n", "job", "-t", "us", **service).succeeded()
        assert "runs" in shown.stdout
        running.append({"id": "another", "job_name": "job", "status": "running"})
        cell.vdk(**service).succeeded()
        assert kept == {"runs": 2}
