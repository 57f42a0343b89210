"""PostgreSQL goes away, ends connections and has none left, while a service works on it."""

import signal
import time

import pytest
from control_service import ControlService, jdbc_settings
from postgres_server import PostgresServer
from service_chaos import Chaos, Store, wait_until

JOB = "job-each-second"
DATABASE = "troubled"
CONNECTIONS = 12


@pytest.fixture(scope="module")
def server():
    with PostgresServer(
        # What was committed outlives a crash of the server.
        {"max_connections": str(CONNECTIONS), "synchronous_commit": "on"}
    ) as running:
        running.sql(f"CREATE DATABASE {DATABASE}")
        yield running


@pytest.fixture
def chaos(server, tmp_path):
    settings = jdbc_settings(server, DATABASE) | {
        "DATAJOBS_EXECUTION_MAXIMUM_EXECUTIONS_TO_STORE": "1000000"
    }
    server.sql(f"DROP DATABASE {DATABASE}")
    server.sql(f"CREATE DATABASE {DATABASE}")
    with ControlService(tmp_path / "data", settings) as service:
        store = Store(settings, tmp_path, server)
        made = Chaos([service], store, tmp_path / "ledger", 1)
        yield made
        made.give_up()


def health(chaos):
    (service,) = chaos.services
    assert service.ask("GET", "/data-jobs/debug/health/liveness").status == 200
    return service.ask("GET", "/data-jobs/debug/health").status


def is_refused(chaos):
    """Until the service has noticed; then what it says."""
    wait_until(lambda: health(chaos), lambda status: status == 503, "health")
    answer = chaos.ask("GET", f"/data-jobs/for-team/alpha/jobs/{JOB}")
    assert answer.status == 503
    assert sorted(answer.json()) == ["consequences", "countermeasures", "what", "why"]


def stop_in_order(chaos, server):
    server.stop()
    is_refused(chaos)
    chaos.pause(1)
    server.start()


def crash(chaos, server):
    server.stop(signal.SIGQUIT)
    is_refused(chaos)
    server.start()


def terminate(server):
    server.sql(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{DATABASE}'"
    )


def end_connections(chaos, server):
    for _ in range(20):
        terminate(server)
        chaos.pause(chaos.random.uniform(0, 0.2))


def take_all_connections(chaos, server):
    """As other users of the server would, who leave none to the service."""
    held = []
    deadline = time.monotonic() + 60
    try:
        with server.session() as administrator:
            while len(held) < CONNECTIONS - 1:
                assert time.monotonic() < deadline, "the service keeps a connection"
                administrator.say(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    f"WHERE datname = '{DATABASE}'"
                )
                try:
                    held.append(server.session())
                except (AssertionError, BrokenPipeError):
                    pass  # the service was quicker
            is_refused(chaos)
    finally:
        for session in held:
            session.close()


@pytest.mark.parametrize(
    "trouble",
    [stop_in_order, crash, end_connections, take_all_connections],
    ids=lambda it: it.__name__,
)
def test_nothing_is_lost(chaos, server, trouble):
    both = chaos.make_job(JOB, "* * * * * *")
    chaos.make_job("job-by-hand")
    chaos.begin(
        lambda: chaos.deploy_one(JOB, both),
        lambda: chaos.start_one("job-by-hand"),
        lambda: chaos.cancel_one("job-by-hand"),
    )
    wait_until(lambda: chaos.last_fire(JOB), lambda fired: fired > 0, "a schedule")
    trouble(chaos, server)
    over = time.time()
    wait_until(lambda: health(chaos), lambda status: status == 200, "health")
    wait_until(lambda: chaos.last_fire(JOB), lambda fired: fired >= int(over), "a schedule")
    took = time.time() - over
    last_alive = int(time.time())
    wait_until(lambda: chaos.last_fire(JOB), lambda fired: fired >= last_alive, "a schedule")
    chaos.end()
    chaos.check()
    assert chaos.check_fires(JOB, 1, last_alive)
    print(f"it fires again after {took:.1f} s; answers {dict(chaos.answers)}")
