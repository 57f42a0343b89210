"""Sends recorded exchanges to a service, in their order, and says what came back otherwise.

`exchanges.jsonl` is what upstream's service answered; its messages are not kept (`$error`: a body of
four members). `differences.txt` lists what is answered otherwise on purpose, and which members of the
answer that concerns; `pending.txt` what is not sent yet. Both name exchanges by patterns of the shell, the first that matches counts.
"""

import base64
import fnmatch
import json
import re
import time
from dataclasses import dataclass
from pathlib import Path

from recorded_archives import archive
from recorded_jobs import prepare

HERE = Path(__file__).resolve().parent.parent / "service"
COMPARED = {"Location", "Allow", "Accept", "WWW-Authenticate", "X-OPID", "Content-Type"}
PLACEHOLDERS = {
    "<sha>": r"[0-9a-f]{40}",
    "<epoch-millis>": r"0?[0-9]{13}",
    "<epoch-seconds>": r"[0-9]{10}",
    "<timestamp.3d+00:00>": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00",
    "<git-hash>": r"\S+",
    "<user>": r".*",
    "<os>": r".*",
}
TIMES = re.compile(r"<timestamp(\.\d+d)?Z>")
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"
SECONDS = 60
ERROR_MEMBERS = ["consequences", "countermeasures", "what", "why"]


@dataclass
class Difference:
    pattern: str
    status: int
    members: list  # that differ, as paths with points; where none is named, only the status counts
    reason: str


def exchanges():
    with open(HERE / "exchanges.jsonl", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _listed(name):
    text = (HERE / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def pending():
    """[(pattern, what it waits for)]"""
    return [tuple(line.split(None, 1)) for line in _listed("pending.txt")]


def differences():
    found = []
    for line in _listed("differences.txt"):
        pattern, status, reason = line.split(None, 2)
        members = re.match(r"\(([^)]*)\) ", reason)
        listed = members[1].split(", ") if members else []
        found.append(Difference(pattern, int(status), listed, reason))
    return found


def first(patterns, name):
    return next((one for one in patterns if fnmatch.fnmatchcase(name, one[0])), None)


def _pattern(text):
    """A recorded text as a regular expression."""
    parts = re.split(r"(<[^<> ]+>)", text)
    made = ""
    for part in parts:
        if TIMES.fullmatch(part):
            made += TIME
        else:
            made += PLACEHOLDERS.get(part, re.escape(part))
    return made


def same(wanted, got, path=""):
    """What of the answer is not as recorded, in words; empty where all is."""
    if isinstance(wanted, dict) and "$error" in wanted:
        fine = isinstance(got, dict) and sorted(got) == ERROR_MEMBERS
        return (
            ""
            if fine and all(isinstance(v, str) and v for v in got.values())
            else f"{path}: no error body: {got!r}"
        )
    if isinstance(wanted, dict):
        if not isinstance(got, dict) or sorted(wanted) != sorted(got):
            return f"{path}: {wanted!r} was, {got!r} is"
        return next((w for k in wanted if (w := same(wanted[k], got[k], f"{path}.{k}"))), "")
    if isinstance(wanted, list):
        if not isinstance(got, list) or len(wanted) != len(got):
            return f"{path}: {wanted!r} was, {got!r} is"
        return next((w for i, x in enumerate(wanted) if (w := same(x, got[i], f"{path}[{i}]"))), "")
    if isinstance(wanted, str) and wanted in PLACEHOLDERS and isinstance(got, int):
        got = str(got)
    if isinstance(wanted, str) and isinstance(got, str):
        return (
            ""
            if re.fullmatch(_pattern(wanted), got, re.DOTALL)
            else f"{path}: {wanted!r} was, {got!r} is"
        )
    equal = wanted == got and type(wanted) is type(got)
    return "" if equal else f"{path}: {wanted!r} was, {got!r} is"


def without(value, path):
    """The value less a member, which may be that of each item of a list."""
    if isinstance(value, list):
        return [without(item, path) for item in value]
    name, _, rest = path.partition(".")
    if not isinstance(value, dict) or name not in value:
        return value
    if rest:
        return {**value, name: without(value[name], rest)}
    return {key: one for key, one in value.items() if key != name}


class Replay:
    """One pass over exchanges of one mode against one service."""

    def __init__(self, service):
        self.service = service
        self.version = "0" * 40  # of the last upload
        self.executions = {}  # of each job the last one that was recorded

    def _body(self, exchange):
        body = exchange["body"]
        if body is None:
            return None
        if not isinstance(body, str):
            body = json.dumps(body, ensure_ascii=False)
        if body == "<large>" or "<2000009 chars>" in body:
            return json.dumps({"a": "x" * 2_000_000}).encode()
        if body.startswith("<zip bytes "):
            return archive(body[len("<zip bytes ") : -1])
        if body.startswith("base64:"):
            return base64.b64decode(body[len("base64:") :])
        return body.replace("<sha>", self.version).encode()

    def _path(self, exchange):
        path = exchange["path"].replace("<sha>", self.version)
        for job, execution in self.executions.items():
            path = path.replace(f"/{job}-<epoch-seconds>", f"/{execution}")
        return path

    def send(self, exchange):
        for path in prepare(self.service, exchange["name"]):
            self._wait_for_deployment(path)
        headers = dict(exchange["headers"])
        body = self._body(exchange)
        # Recorded are the headers that were given on purpose.
        typeless = exchange["name"].endswith(("content-type-missing", "-no-ct"))
        if body is not None and "Content-Type" not in headers and not typeless:
            headers["Content-Type"] = "application/json"
        path = self._path(exchange)
        answer = self.service.ask(exchange["method"], path, body, headers)
        if exchange["method"] == "POST" and path.endswith("/executions") and answer.status == 202:
            self._wait_for_execution(exchange, path, answer.header("Location").rsplit("/", 1)[1])
        elif exchange["method"] in ("POST", "PATCH") and answer.status == 202:
            self._wait_for_deployment(path)
        is_upload = exchange["method"] == "POST" and path.split("?")[0].endswith("/sources")
        if is_upload and answer.status == 200:
            self.version = answer.json()["version_sha"]
        return answer

    def _wait_for_deployment(self, path):
        """Until the service has done what it accepted; it was waited for in the recording too."""
        job = path.split("?")[0].split("/deployments")[0]
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            status = self.service.ask("GET", job + "/deployments/x/status")
            if status.status != 200 or status.json()["state"] not in ("pending", "building"):
                return
        raise AssertionError(
            f"the deployment of {job} is not done: {status.body!r} "
            + "".join(self.service.log[-30:])
        )

    def _wait_for_execution(self, exchange, path, execution):
        """Until it is as far as the recorded one was: asleep, or at its end."""
        job = path.split("/deployments")[0]
        if exchange["status"] == 202:
            self.executions[job.rsplit("/", 1)[1]] = execution
        place = f"{job}/executions/{execution}"
        sleeps = isinstance(exchange["body"], dict) and "sleepy" in json.dumps(exchange["body"])
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            if sleeps:
                log = self.service.ask("GET", place + "/logs?tail_lines=1").json()["logs"]
                if log.endswith("line 10"):
                    return
            elif self.service.ask("GET", place).json()["status"] not in ("submitted", "running"):
                return
            time.sleep(0.02)
        raise AssertionError(f"{execution} is not as far as it should be")

    def check(self, exchange, answer, difference):
        """Why the answer is not as it has to be; empty where it is."""
        status = difference.status if difference else exchange["status"]
        if answer.status != status:
            return f"{exchange['status']} was, {status} has to be, {answer.status} is: {answer.body[:300]!r}"
        if difference and not difference.members:
            return ""
        members = difference.members if difference else []
        return self._headers(exchange, answer) or self._answer(exchange, answer, members)

    def _headers(self, exchange, answer):
        host = f"127.0.0.1:{self.service.port}"
        for name in COMPARED:
            wanted, got = exchange["answer_headers"].get(name), answer.header(name)
            if wanted is None:
                if name in ("Location", "Allow", "WWW-Authenticate") and got is not None:
                    return f"{name} was not there, and is {got!r}"
                continue
            wanted = wanted.replace("<host>", host)
            if got is None:
                return f"{name}: {wanted!r} was, and is missing"
            if name == "Allow":
                wanted, got = (
                    sorted(wanted.replace(" ", "").split(",")),
                    sorted(got.replace(" ", "").split(",")),
                )
                fine = wanted == got
            elif name == "Content-Type":
                json_like = "application/vnd.spring-boot.actuator.v3+json"
                fine = got.split(";")[0] == wanted.split(";")[0].replace(
                    json_like, "application/json"
                )
            else:
                fine = re.fullmatch(_pattern(wanted), got)
            if not fine:
                return f"{name}: {wanted!r} was, {got!r} is"
        return ""

    def _answer(self, exchange, answer, other_members):
        wanted = exchange["answer"]
        if exchange["method"] == "HEAD" or wanted == "":
            return "" if answer.body == b"" else f"no body was, {answer.body[:200]!r} is"
        if wanted in ("<html>", "<document>"):
            return "" if answer.body else "a document was, nothing is"
        if wanted == "<large>":
            return "" if len(answer.body) > 5000 else "a large body was"
        if wanted == "base64:<zip bytes>":
            return "" if answer.body[:2] == b"PK" else "an archive was"
        try:
            got = answer.json()
        except ValueError:
            return f"JSON was, {answer.body[:200]!r} is"
        for member in other_members:
            wanted, got = without(wanted, member), without(got, member)
        return same(wanted, got)
