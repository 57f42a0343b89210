"""The service is killed again and again while schedules fire each second and clients are at work.

What must be true afterwards stands in tests/support/service_chaos.py.
"""

import itertools
import socket
import statistics
import time

import pytest
from control_service import ControlService
from service_chaos import Chaos, Store, wait_until

SCHEDULED = {"job-each-second": 1, "job-other-second": 2}
SETTINGS = {"DATAJOBS_EXECUTION_MAXIMUM_EXECUTIONS_TO_STORE": "1000000"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def killed(new_store, request, tmp_path):
    """A chaos on a service that answers at the same address after each start."""
    settings = new_store() | SETTINGS
    service = ControlService(tmp_path / "data", settings).start(free_port())
    server = request.getfixturevalue("postgres") if "DB_JDBC_URL" in settings else None
    chaos = Chaos(
        [service],
        Store(settings, tmp_path / "data", server),
        tmp_path / "ledger",
        request.node.callspec.params["loops"],
    )
    yield chaos
    chaos.give_up()
    service.stop()


def begin_work(chaos):
    for job, seconds in SCHEDULED.items():
        both = chaos.make_job(job, f"*/{seconds} * * * * *")
        chaos.begin(lambda job=job, both=both: chaos.deploy_one(job, both))
    for job in ("job-by-hand", "job-by-others"):
        chaos.make_job(job)
        chaos.begin(lambda job=job: chaos.start_one(job), lambda job=job: chaos.cancel_one(job))


def wait_for_fires(chaos, last):
    """Until every schedule has fired at that time or later."""
    for job in SCHEDULED:
        wait_until(lambda job=job: chaos.last_fire(job), lambda fired: fired >= last, "a schedule")


@pytest.mark.parametrize("loops", [10, pytest.param(200, marks=pytest.mark.full)])
def test_kills_lose_nothing_and_do_nothing_twice(killed, loops, record_property):
    (service,) = killed.services
    begin_work(killed)
    recovered = []
    for loop in range(loops):
        # Some while it starts, most while it works.
        killed.pause(0.02 if loop % 5 == 4 else killed.random.uniform(0.1, 1.5))
        service.kill()
        begun = time.time()
        service.start(service.port)
        if loop % 5 == 0:
            # Not later than the schedule's next second, if it starts at once.
            wait_for_fires(killed, int(begun) + 1)
            recovered.append(time.time() - begun)
    last_alive = int(time.time())
    wait_for_fires(killed, last_alive)
    killed.end()
    told = killed.check()
    fired = [killed.check_fires(job, seconds, last_alive) for job, seconds in SCHEDULED.items()]
    assert all(fired) and set(itertools.chain(*fired)) <= set(told)
    record_property("recovery", recovered)
    assert max(recovered) < 15, "it waits for the lease of its former self"
    print(
        f"from a start to the next scheduled time: median {statistics.median(recovered):.3f} s, at most {max(recovered):.3f} s; "
        f"{len(told)} executions, {sum(map(len, fired))} of them scheduled; "
        f"answers {dict(killed.answers)}"
    )
