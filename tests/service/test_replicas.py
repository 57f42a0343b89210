"""Two services on one PostgreSQL database: one leads, either stands in for the other."""

import itertools
import os
import signal
import time
from pathlib import Path

import pytest
from control_service import ControlService, jdbc_settings
from service_chaos import OPEN, TEAM, Chaos, Store, wait_until

SCHEDULED = {"job-each-second": 1, "job-other-second": 2}
LEADER_LEASE, REPLICA_LEASE = 3, 5
_numbers = itertools.count()


class Replicas:
    """Services with data directories of their own, which may be killed and frozen."""

    def __init__(self, settings, folder, server):
        self.services = [
            ControlService(
                folder / name,
                settings
                | {
                    "VDK_SERVICE_LEADER_LEASE_SECONDS": str(LEADER_LEASE),
                    "VDK_SERVICE_REPLICA_LEASE_SECONDS": str(REPLICA_LEASE),
                    "DATAJOBS_EXECUTION_MAXIMUM_EXECUTIONS_TO_STORE": "1000000",
                },
            ).start()
            for name in ("first", "second")
        ]
        self.store = Store(settings, folder, server)
        self.frozen = set()

    def node(self, service):
        return (service.folder / "node").read_text().strip()

    def token(self):
        ((token,),) = self.store.rows("SELECT token AS t FROM lease WHERE name = 'leader'")
        return token

    def leader(self):
        """Whose lease it is, whether he lives or not."""
        ((holder,),) = self.store.rows("SELECT holder AS h FROM lease WHERE name = 'leader'")
        (found,) = [one for one in self.services if holder.split()[0] == self.node(one)]
        return found

    def other(self, service):
        (found,) = [one for one in self.services if one is not service]
        return found

    def freeze(self, service):
        service.process.send_signal(signal.SIGSTOP)
        self.frozen.add(service)

    def thaw(self, service):
        service.process.send_signal(signal.SIGCONT)
        self.frozen.discard(service)

    def execution(self, id):
        """Its status and cause, as they are stored."""
        ((status, cause),) = self.store.rows(
            f"SELECT status AS s, cause AS c FROM execution WHERE id = '{id}'"
        )
        return status, cause

    def stop(self):
        for service in list(self.frozen):
            self.thaw(service)
        for service in self.services:
            service.stop()


@pytest.fixture
def replicas(postgres, tmp_path):
    name = f"replicas_{next(_numbers)}"
    postgres.sql(f"CREATE DATABASE {name}")
    both = Replicas(jdbc_settings(postgres, name), tmp_path, postgres)
    yield both
    both.stop()


@pytest.fixture
def chaos(replicas, tmp_path):
    made = Chaos(list(replicas.services), replicas.store, tmp_path / "ledger", 1)
    yield made
    made.give_up()


def wait_for_fires(chaos, last):
    for job in SCHEDULED:
        wait_until(lambda job=job: chaos.last_fire(job), lambda fired: fired >= last, "a schedule")


@pytest.mark.parametrize("loops", [1, pytest.param(20, marks=pytest.mark.full)])
def test_another_leads_when_the_leader_is_killed_or_frozen(chaos, replicas, loops):
    for job, seconds in SCHEDULED.items():
        both = chaos.make_job(job, f"*/{seconds} * * * * *")
        chaos.begin(lambda job=job, both=both: chaos.deploy_one(job, both))
    for job in ("job-by-hand", "job-by-others"):
        chaos.make_job(job)
        chaos.begin(lambda job=job: chaos.start_one(job), lambda job=job: chaos.cancel_one(job))
    for loop in range(loops):
        for end, begin_again in (
            (lambda one: one.kill(), lambda one: one.start(one.port)),
            (replicas.freeze, replicas.thaw),
        ):
            leader, token = replicas.leader(), replicas.token()
            chaos.services[:] = [replicas.other(leader)]
            end(leader)
            gone_at = time.time()
            wait_until(replicas.token, lambda now, token=token: now > token, "a new leader")
            assert replicas.leader() is not leader
            if loop % 2 == 1:  # until the other stands in for it altogether
                chaos.pause(REPLICA_LEASE + 2)
            wait_for_fires(chaos, int(gone_at) + LEADER_LEASE)
            begin_again(leader)
            chaos.services[:] = replicas.services
            wait_for_fires(chaos, int(time.time()))
    last_alive = int(time.time())
    wait_for_fires(chaos, last_alive)
    chaos.end()
    chaos.check()
    for job, seconds in SCHEDULED.items():
        assert chaos.check_fires(job, seconds, last_alive, told_after=2 * REPLICA_LEASE)


def supervisors_below(folder):
    """The processes that hold a file below it."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            if (process / "comm").read_text().strip() != "vdk-supervisor":
                continue
            files = [os.readlink(file) for file in (process / "fd").iterdir()]
        except (OSError, ValueError):
            continue
        if any(file.startswith(str(folder)) for file in files):
            found.append(int(process.name))
    return found


def start_at(chaos, service, job, seconds):
    """An execution that one of the services started, once it runs."""
    body = {"args": {"seconds": seconds}}
    answer = service.send("POST", f"{TEAM}/{job}/deployments/x/executions", body)
    assert answer.status == 202, answer.body
    id = answer.header("Location").rpartition("/")[2]
    wait_until(lambda: chaos.page(id), lambda page: page == ["begin"], "a start")
    wait_until(
        lambda: service.send("GET", f"{TEAM}/{job}/executions/{id}").json(),
        lambda one: one["status"] == "running",
    )
    return id


def test_what_ran_on_a_machine_that_is_gone_is_lost(chaos, replicas):
    first, second = replicas.services
    chaos.make_job("job-long")
    id = start_at(chaos, first, "job-long", 1000)
    first.kill()
    for supervisor in supervisors_below(first.folder):
        os.kill(supervisor, signal.SIGKILL)
    first.folder.rename(first.folder.parent / "gone")
    gone_at = time.monotonic()
    told = wait_until(
        lambda: second.send("GET", f"{TEAM}/job-long/executions/{id}").json(),
        lambda one: one["status"] not in OPEN,
    )
    took = time.monotonic() - gone_at
    assert told["status"] == "platform_error"
    assert "does not answer any more" in told["message"]
    assert replicas.execution(id) == (7, "lost")
    print(f"lost after {took:.1f} s, with a lease of {REPLICA_LEASE} s")
    # Its next run is not in its way.
    start_at(chaos, second, "job-long", 0.5)


def test_a_dead_replica_is_stood_in_for_on_its_machine_until_it_is_back(chaos, replicas):
    first, second = replicas.services
    for job in ("job-ends", "job-goes-on", "job-dies"):
        chaos.make_job(job)
    ends = start_at(chaos, first, "job-ends", REPLICA_LEASE + 3)
    goes_on = start_at(chaos, first, "job-goes-on", 1000)
    (_, before) = (None, set(supervisors_below(first.folder)))
    dies = start_at(chaos, first, "job-dies", 1000)
    (supervisor,) = set(supervisors_below(first.folder)) - before
    first.kill()
    os.kill(supervisor, signal.SIGKILL)

    def told(job, id):
        return second.send("GET", f"{TEAM}/{job}/executions/{id}").json()["status"]

    assert wait_until(lambda: told("job-ends", ends), lambda it: it not in OPEN) == "succeeded"
    wait_until(lambda: replicas.execution(dies), lambda it: it == (7, "lost"))
    assert told("job-goes-on", goes_on) == "running"
    # What it stands in for can be cancelled, too.
    first.start(first.port)
    path = f"{TEAM}/job-goes-on/executions/{goes_on}"
    assert first.send("GET", path).json()["status"] == "running"
    assert second.send("DELETE", path).status == 200
    wait_until(lambda: replicas.execution(goes_on), lambda it: it == (4, "cancelled"))


def test_the_end_of_a_run_is_told_while_its_service_is_frozen(chaos, replicas):
    first, second = replicas.services
    chaos.make_job("job-ends")
    id = start_at(chaos, first, "job-ends", 2)
    replicas.freeze(first)
    path = f"{TEAM}/job-ends/executions/{id}"
    told = wait_until(
        lambda: second.send("GET", path).json(), lambda one: one["status"] not in OPEN
    )
    assert told["status"] == "succeeded"
    replicas.thaw(first)
    assert first.send("GET", path).json() == told


def test_what_was_given_up_runs_no_longer_when_its_service_is_back(chaos, replicas):
    first, second = replicas.services
    chaos.make_job("job-long")
    id = start_at(chaos, first, "job-long", 1000)
    replicas.freeze(first)
    # As seen from a machine that cannot look into its directory.
    first.folder.rename(first.folder.parent / "elsewhere")
    wait_until(lambda: replicas.execution(id), lambda it: it == (7, "lost"))
    (first.folder.parent / "elsewhere").rename(first.folder)
    assert len(supervisors_below(first.folder)) == 1
    replicas.thaw(first)
    wait_until(lambda: supervisors_below(first.folder), lambda found: not found, "a run")
    assert replicas.execution(id) == (7, "lost")
    assert chaos.page(id) == ["begin"]
