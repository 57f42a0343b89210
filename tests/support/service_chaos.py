"""Jobs at work under services that are killed, frozen and cut off, and what must be true afterwards.

`Store` reads what a service wrote down. `Chaos` makes jobs, has clients deploy, start and cancel
them all the while, and at the end compares three tellers: the store, the answers that clients got,
and a ledger of files in which each run writes when it begins and when it is done.
"""

import http.client
import json
import random
import sqlite3
import threading
import time
from collections import Counter
from contextlib import closing

from recorded_archives import make_archive

TEAM = "/data-jobs/for-team/alpha/jobs"
PATIENCE_SECONDS = 120  # only against a hang
OPEN = ("submitted", "running")
STATUS_NAMES = {
    0: "submitted",
    1: "running",
    2: "succeeded",
    4: "cancelled",
    5: "skipped",
    6: "user_error",
    7: "platform_error",
}

STEP = """
import os, pathlib, time

def run(job_input):
    arguments = job_input.get_arguments()
    page = pathlib.Path({ledger!r}) / os.environ["VDK_EXECUTION_ID"]

    def write(line):
        with page.open("a") as file:
            file.write(line + "\\n")

    write("begin")
    time.sleep(arguments.get("seconds", 0))
    write("done")
    if arguments.get("fails"):
        raise ValueError("as it was asked to")
"""


def wait_until(get, is_fine, what=""):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_fine(value := get()):
        assert time.monotonic() < deadline, f"{what}: {value}"
        time.sleep(0.05)
    return value


class Store:
    """The rows of a service's store: of the file in its folder, or of its database."""

    def __init__(self, settings, folder, server=None):
        self._file = folder / "service.db"
        self._server = server
        self._database = settings.get("DB_JDBC_URL", "").rpartition("/")[2]

    def rows(self, sql):
        """Of each row a tuple of texts and numbers; a number is an int in both stores."""
        if not self._database:
            with closing(sqlite3.connect(self._file, timeout=60)) as connection:
                return connection.execute(sql).fetchall()
        asked = f"SELECT coalesce(json_agg(found), '[]') FROM ({sql}) found"
        rows = json.loads(self._server.sql(asked, self._database))
        return [tuple(row.values()) for row in rows]


class Gone(Exception):
    """The service is not there, or went before it answered."""


class Chaos:
    """`services` are those that clients speak to, one after the other; `store` is the one of all."""

    def __init__(self, services, store, ledger, seed):
        self.services = services
        self.store = store
        self.ledger = ledger
        self.ledger.mkdir()
        self.random = random.Random(seed)
        self.started = {}  # execution: its arguments
        self.cancelled = set()  # asked to be, whether the answer came or not
        self.versions = {}  # job: those that may be deployed in the end
        self.answers = Counter()
        self._ending = threading.Event()
        self._threads = []
        self.failures = []

    # ---- asking --------------------------------------------------------------------------------

    def ask(self, method, path, value=None, data=None):
        """One try; Gone where nobody answered."""
        service = self.random.choice(self.services)
        try:
            if data is not None:
                answer = service.ask(
                    method, path, data, {"Content-Type": "application/octet-stream"}
                )
            else:
                answer = service.send(method, path, value)
        except (OSError, http.client.HTTPException) as error:
            raise Gone() from error
        self.answers[answer.status] += 1
        if answer.status >= 500:
            said = answer.json()
            if answer.status != 503 or not (said["what"] and said["countermeasures"]):
                self.failures.append(f"{method} {path}: {answer.status} {answer.body}")
        return answer

    def insist(self, method, path, value=None, data=None):
        """Tries until it is answered for good."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                answer = self.ask(method, path, value, data)
                if answer.status < 500:
                    return answer
            except Gone:
                pass
            assert time.monotonic() < deadline, f"{method} {path}"
            time.sleep(0.05)

    # ---- jobs ----------------------------------------------------------------------------------

    def upload(self, job, text):
        archive = make_archive([("job/10_step.py", text)])
        answer = self.insist("POST", f"{TEAM}/{job}/sources", data=archive)
        assert answer.status == 200, answer.body
        return answer.json()["version_sha"]

    def make_job(self, job, cron=None):
        """With two versions, of which one is deployed."""
        body = {"job_name": job, "config": {"schedule": {"schedule_cron": cron}}}
        assert self.insist("POST", TEAM, body).status in (201, 409)
        text = STEP.format(ledger=str(self.ledger))
        both = [self.upload(job, text), self.upload(job, text + "# the other one\n")]
        body = {"job_version": both[0]}
        assert self.insist("POST", f"{TEAM}/{job}/deployments", body).status == 202
        self.versions[job] = {both[0]}
        wait_until(
            lambda: self.insist("GET", f"{TEAM}/{job}/deployments/x/status").json(),
            lambda status: status["state"] == "deployed",
            job,
        )
        return both

    def executions(self, job):
        return self.insist("GET", f"{TEAM}/{job}/executions").json()

    # ---- clients -------------------------------------------------------------------------------

    def begin(self, *clients):
        for client in clients:
            self._threads.append(threading.Thread(target=self._repeat, args=[client]))
            self._threads[-1].start()

    def _repeat(self, client):
        while not self._ending.is_set():
            try:
                client()
            except Gone:
                pass
            except Exception as error:  # told by check(): a thread's own would be lost
                self.failures.append(repr(error))
                return
            self._ending.wait(self.random.uniform(0.02, 0.2))

    def start_one(self, job):
        arguments = {
            "seconds": self.random.choice([0, 0, 0.3, 1]),
            "fails": self.random.random() < 0.3,
        }
        path = f"{TEAM}/{job}/deployments/x/executions"
        answer = self.ask("POST", path, {"args": arguments, "started_by": "chaos"})
        if answer.status == 202:
            self.started[answer.header("Location").rpartition("/")[2]] = arguments
        else:
            assert answer.status in (409, 503), answer.body

    def cancel_one(self, job):
        if self.random.random() < 0.7:
            return
        answer = self.ask("GET", f"{TEAM}/{job}/executions")
        for execution in answer.json()[:1] if answer.status == 200 else []:
            if execution["status"] in OPEN:
                self.cancelled.add(execution["id"])
                self.ask("DELETE", f"{TEAM}/{job}/executions/{execution['id']}")

    def deploy_one(self, job, both):
        version = self.random.choice(both)
        self.versions[job].add(version)  # until it is answered, either
        answer = self.ask("POST", f"{TEAM}/{job}/deployments", {"job_version": version})
        if answer.status == 202:
            self.versions[job] = {version}

    def pause(self, seconds):
        self._ending.wait(seconds)

    def last_fire(self, job):
        """In seconds; 0 where there was none."""
        ((last,),) = self.store.rows(
            "SELECT coalesce(max(fire_time), 0) / 1000000 AS t FROM fire "
            f"WHERE deployment = '{job}'"
        )
        return last

    # ---- the end -------------------------------------------------------------------------------

    def give_up(self):
        self._ending.set()
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)

    def end(self):
        """Clients stop, schedules are switched off, and whatever runs comes to its end."""
        self._ending.set()
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)
            assert not thread.is_alive(), "a client hangs"
        for job in self.versions:
            self.insist("PATCH", f"{TEAM}/{job}/deployments/x", {"enabled": False})
        for job in self.versions:
            wait_until(
                lambda job=job: [
                    (one["id"], one["status"], one["message"])
                    for one in self.executions(job)
                    if one["status"] in OPEN
                ],
                lambda still_open: not still_open,
                "executions that do not end",
            )
            wait_until(
                lambda job=job: self.insist("GET", f"{TEAM}/{job}/deployments/x/status").json(),
                lambda status: status["state"] not in ("pending", "building"),
                "a deployment that does not end",
            )

    def page(self, execution):
        """What the runs of an execution wrote."""
        file = self.ledger / execution
        return file.read_text().split() if file.exists() else []

    def check(self):
        assert not self.failures, self.failures
        told = {}
        for job in self.versions:
            for one in self.executions(job):
                told[one["id"]] = one
        lost = set(self.started) - set(told)
        assert not lost, f"accepted and not there: {lost}"
        for execution, one in told.items():
            self._check_execution(execution, one)
        for job, versions in self.versions.items():
            (deployed,) = self.insist("GET", f"{TEAM}/{job}/deployments").json()
            assert deployed["job_version"] in versions
        return told

    def _check_execution(self, execution, one):
        page = self.page(execution)
        assert page in ([], ["begin"], ["begin", "done"]), (execution, page, one)
        status = one["status"]
        if execution in self.cancelled and status == "cancelled":
            return
        assert page == ["begin", "done"], (page, one)
        if execution in self.started:
            fails = self.started[execution]["fails"]
            assert status == ("user_error" if fails else "succeeded"), one
        else:
            # Scheduled, or asked for by somebody who got no answer.
            assert status in ("succeeded", "user_error"), one

    def check_fires(self, job, seconds, last_alive, told_after=5):
        """Every time of the schedule (each `seconds`) up to `last_alive` is on record once.

        It has an execution of its own, unless one was at work when it came: the end of a run may be
        `told_after` so many seconds. Gives the executions.
        """
        ((since,),) = self.store.rows(
            f"SELECT since / 1000000 AS s FROM schedule WHERE deployment = '{job}'"
        )
        fires = self.store.rows(
            "SELECT fire_time / 1000000 AS t, execution_id AS e FROM fire "
            f"WHERE deployment = '{job}' ORDER BY fire_time"
        )
        times = [time for time, _ in fires]
        first = since - since % seconds + seconds
        assert times == list(range(first, times[-1] + 1, seconds))
        assert times[-1] >= last_alive
        named = [execution for _, execution in fires if execution is not None]
        assert len(named) == len(set(named))
        rows = self.store.rows(
            "SELECT id, type, created_at / 1000000.0 AS c, end_time / 1000000.0 AS e "
            f"FROM execution WHERE job_name = '{job}'"
        )
        scheduled = {id for id, type, _, _ in rows if type == 1}
        assert scheduled == set(named)
        for time_, execution in fires:
            if execution is None:
                covering = [id for id, _, _, end in rows if end + told_after >= time_]
                assert covering, f"{time_} has no execution, and none was at work"
        return named
