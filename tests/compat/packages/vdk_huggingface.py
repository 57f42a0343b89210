"""Rows committed to a data set, on a stub of the hub."""

import base64
import json

from web_service import serving

REQUIRES = ["vdk-huggingface"]


def check(cell):
    commits = []

    def answer(request):
        if request.path == "/api/models/me/rows":  # it asks for a model of the data set's name
            return {"id": "me/rows"}
        if request.path == "/api/datasets/me/rows/preupload/main":
            files = [file["path"] for file in request.json["files"]]
            return {
                "files": [
                    {"path": path, "uploadMode": "regular", "shouldIgnore": False} for path in files
                ]
            }
        if request.path == "/api/datasets/me/rows/commit/main":
            commits.append([json.loads(line) for line in request.body.splitlines()])
            return {
                "success": True,
                "commitUrl": f"http://{request.headers['Host']}/datasets/me/rows/commit/1",
                "commitOid": "1",
                "hookOutput": "",
            }
        return None

    cell.body(
        """
        for number in range(20):
            job_input.send_object_for_ingestion({"a": number}, "rows.json", method="huggingface")
        """
    )
    with serving(answer) as url:
        cell.vdk(HF_ENDPOINT=url, HF_TOKEN="a token", VDK_HUGGINGFACE_REPO_ID="me/rows").succeeded()
    (commit,) = commits
    (file,) = [line["value"] for line in commit if line["key"] == "file"]
    assert file["path"] == "rows.json"
    assert json.loads(base64.b64decode(file["content"])) == [{"a": number} for number in range(20)]
