"""Loads into a server that goes away: each ends well exactly once, or fails clearly in bounded time
with the beginning of its rows, and goes on when it is resumed."""

import os
import signal
import subprocess
import threading
import time

import pytest
from postgres_server import PostgresServer
from tcp_proxy import TcpProxy

ROWS = 40_000
HALF = ROWS // 2
ALL = list(range(ROWS))
TIME_LIMIT_SECONDS = 60
LOADER = {"postgres_user": "loader", "postgres_password": "loader's"}

STEP = f"""
    def run(job_input):
        def rows():
            for i in range({ROWS}):
                if i == {HALF}:
                    with open("gate") as gate:  # a pipe: until the test has done its part
                        gate.read()
                yield i, f"row {{i:0100}}"
        job_input.send_tabular_data_for_ingestion(
            rows(), column_names=["i", "text"], destination_table="faults.t")
"""
UNGATED = STEP.replace(f"i == {HALF}", "False")


class Load:
    """A job that stores rows through one connection, half of them before the gate opens."""

    def __init__(self, stage):
        self.stage = stage
        self.process = None
        stage.step(STEP, "10_load.py")
        os.mkfifo(stage.job / "gate")
        os.mkfifo(stage.root / "gate")
        self.prepare()

    def prepare(self):
        self.sql(
            "set client_min_messages = warning; drop schema if exists faults cascade;"
            "create schema faults; drop role if exists loader;"
            "create role loader login password 'loader''s';"
            "grant create, usage on schema faults to loader"
        )

    def sql(self, text):
        return self.stage.server.sql(text).splitlines()

    def configure(self, retry=30, **keys):
        self.stage.configure(
            "[vdk]\ningest_method_default = postgres\ningest_batch_bytes = 100000\n"
            f"ingest_commit_bytes = 100000\ningest_retry_seconds = {retry}\n"
            + self.stage.keys(**(LOADER | keys))
        )
        return self

    def start(self, *words):
        self.process = subprocess.Popen(
            [*self.stage.program, "run", "job", *words],
            cwd=self.stage.root,
            env=self.stage.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.watchdog = threading.Timer(TIME_LIMIT_SECONDS, self.process.kill)
        self.watchdog.start()
        self.output = ""
        return self

    def open_gate(self):
        with open(self.stage.root / "gate", "w"):  # waits for the step to come there
            pass

    def wait_for(self, words):
        for line in self.process.stdout:
            self.output += line
            if words in line:
                return
        raise AssertionError(f"{words} was not said:\n{self.output}")

    def end(self):
        output, _ = self.process.communicate()
        self.watchdog.cancel()
        self.output += output
        return self.process.returncode

    def succeeds(self):
        assert self.end() == 0, self.output
        assert self.rows() == ALL

    def fails(self, *fragments):
        assert self.end() == 1, self.output
        for fragment in fragments:
            assert fragment in self.output, self.output
        rows = self.rows()
        assert rows == ALL[: len(rows)] and len(rows) < ROWS

    def resumes(self):
        self.stage.step(UNGATED, "10_load.py")
        self.start("--resume", "last").succeeds()

    def stop(self):
        if self.process and self.process.returncode is None:
            self.process.kill()
            self.end()

    def rows(self):
        return [int(i) for i in self.sql("select i from faults.t order by i")]

    def terminate(self):
        """The loader's sessions; returns when they are gone."""
        ended = self.sql(
            "select pg_terminate_backend(pid, 30000) from pg_stat_activity where usename = 'loader'"
        )
        assert "t" in ended

    def wait_at_gate(self):
        """Until rows were stored and none are under way: the sender waits, all it sent is there."""
        self.wait_for("rows_committed")


@pytest.fixture
def load_into(stage_of):
    """A load into a server of the test's own."""
    loads = []

    def load_into(server):
        loads.append(Load(stage_of(server)))
        return loads[-1]

    yield load_into
    for load in loads:
        load.stop()


@pytest.fixture
def load(load_into, server):
    return load_into(server)


@pytest.fixture
def proxied(load):
    with TcpProxy(load.stage.server.port) as proxy:
        load.proxy = proxy
        load.stage.step(UNGATED, "10_load.py")
        # Without TLS, so that the proxy can read along.
        load.keys = {
            "postgres_host": "127.0.0.1",
            "postgres_port": proxy.port,
            "postgres_sslmode": "disable",
        }
        yield load.configure(**load.keys)


# ---- the network


@pytest.mark.parametrize("cut_after", [1_000, 100_000, 500_000])
def test_a_network_that_is_cut_in_mid_copy_is_used_again(proxied, cut_after):
    proxied.proxy.cut_after = cut_after
    proxied.start().succeeds()
    assert "is opened again" in proxied.output
    assert proxied.proxy.cut_after is None


@pytest.mark.parametrize("commits", [0, 1, 2, 4])
def test_a_commit_whose_answer_never_came_is_not_repeated(proxied, commits):
    proxied.proxy.swallow = b"COMMIT\0"
    proxied.proxy.swallow_after = commits
    proxied.proxy.refusals_then = 2
    proxied.start().succeeds()
    assert proxied.output.count("is opened again") == 3


def test_a_network_that_stays_away_fails_the_load_and_a_resume_makes_it_whole(proxied):
    proxied.configure(retry=1, **proxied.keys)
    proxied.proxy.cut_after = 500_000
    proxied.start()
    proxied.wait_for("is opened again")
    proxied.proxy.refusals = 1_000_000
    proxied.fails("cannot be reached")
    assert proxied.stage.status() == "Platform error"
    proxied.proxy.refusals = 0
    proxied.resumes()


# As on servers that do not look after their clients while they work.
UNWATCHED = "options='-c client_connection_check_interval=0'"


def until(condition):
    limit = time.monotonic() + TIME_LIMIT_SECONDS
    while not condition():
        assert time.monotonic() < limit


class Barrier:
    """Whatever takes the same advisory lock waits until the end of the `with` block."""

    LOCK = 4711

    def __init__(self, load):
        self.load = load

    def __enter__(self):
        self.session = self.load.stage.server.session()
        self.session.say(f"select pg_advisory_lock({self.LOCK})")
        return self

    def __exit__(self, *_):
        self.session.close()

    def waiting(self):
        """The backends of the loader that wait for any lock."""
        return self.load.sql(
            "select pid from pg_stat_activity where usename = 'loader' and wait_event_type = 'Lock'"
        )


LATE = f"""
    create table faults.t (i bigint primary key, text text);
    insert into faults.t values (0, 'old');
    grant all on faults.t to loader;
    create function faults.waits() returns trigger language plpgsql as $$ begin
        perform pg_advisory_xact_lock_shared({Barrier.LOCK});
        return null;
    end $$;
    create constraint trigger late after insert or update on faults.t
        deferrable initially deferred for each row execute function faults.waits()
"""
OPTIONED = """
    def run(job_input):
        job_input.send_tabular_data_for_ingestion(
            [(i, f"row {{i}}") for i in range({first}, 100)], ["i", "text"], "faults.t", {options})
"""


@pytest.mark.parametrize(
    ("first", "options", "commits"),
    [
        (1, "disposition='append'", 1),
        (0, "disposition='merge', keys=['i']", 1),
        (0, "disposition='replace'", 2),
    ],
    ids=["append", "merge", "replace"],
)
def test_a_commit_that_the_server_carries_out_late_is_waited_for(proxied, first, options, commits):
    proxied.sql(LATE)
    proxied.configure(postgres_dsn=UNWATCHED, **proxied.keys)
    proxied.stage.step(OPTIONED.format(first=first, options=options), "10_load.py")
    proxied.proxy.swallow = b"COMMIT\0"
    proxied.proxy.swallow_after = commits  # those before: of the ledger's tables, of the staging
    proxied.proxy.at_once = True
    with Barrier(proxied) as barrier:
        proxied.start()
        proxied.wait_for("is opened again")
        until(lambda: len(barrier.waiting()) == 2)  # the commit, and who asks what became of it
    assert proxied.end() == 0, proxied.output
    assert proxied.rows() == list(range(100))
    assert f"{100 - first} rows stored" in proxied.output
    assert proxied.sql("select text from faults.t where i = 0") == (
        ["row 0"] if first == 0 else ["old"]
    )
    assert proxied.sql("select * from pg_tables where tablename ~ '^_vdk_[0-9a-f]{16}$'") == []


# ---- the process

REFILL = f"""
    delete from faults.t;
    insert into faults.t select i, pg_advisory_xact_lock_shared({Barrier.LOCK})::text
        from generate_series(1, 3) i
"""


@pytest.fixture
def refilling(load):
    """A run that is killed while the server carries out its statement, which goes on there."""
    load.sql(
        "create table faults.t (i bigint, text text); grant all on faults.t to loader;"
        "insert into faults.t values (-1, 'old')"
    )
    (load.stage.job / "10_load.py").unlink()
    load.stage.step(REFILL, "10_refill.sql")

    def kill(barrier, **keys):
        load.configure(db_default_type="postgres", **keys).start()
        until(lambda: len(barrier.waiting()) == 1)
        load.process.kill()
        load.end()
        return load

    return kill


def test_a_statement_of_a_killed_run_does_not_meet_its_repetition(load, refilling):
    with Barrier(load) as barrier:
        refilling(barrier, postgres_dsn=UNWATCHED)
        orphan = barrier.waiting()
        load.start("--resume", "last")
        until(lambda: barrier.waiting() and barrier.waiting() != orphan)
        assert not set(orphan) & set(barrier.waiting())
    assert load.end() == 0, load.output
    assert "session of the earlier attempt is still open" in load.output
    assert load.rows() == [1, 2, 3]


def test_the_server_gives_up_a_statement_whose_client_was_killed(load, refilling):
    with Barrier(load) as barrier:
        refilling(barrier)
        until(lambda: not barrier.waiting())
    assert load.rows() == [-1]


# ---- the server


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["stopped", "crashed"])
def test_a_server_that_is_started_again_in_mid_load_takes_the_rest(load_into, how):
    # What it acknowledged survives a crash.
    with PostgresServer({"synchronous_commit": "on"}) as server:
        load = load_into(server)
        load.configure().start("--events", "-").wait_at_gate()
        server.stop(how)
        load.open_gate()
        load.wait_for("is opened again")
        server.start()
        load.succeeds()


def test_sessions_that_are_terminated_between_batches_are_opened_again(load):
    load.configure().start("--events", "-").wait_at_gate()
    load.terminate()
    load.open_gate()
    load.succeeds()
    assert "is opened again" in load.output


TERMINATING = """
    create table faults.t (i bigint, text text);
    grant insert, select on faults.t to loader;
    create sequence faults.calls; grant usage on faults.calls to loader;
    create function faults.f() returns trigger language plpgsql as $$ begin
        if new.i = {row} and nextval('faults.calls') <= {times} then
            perform pg_terminate_backend(pg_backend_pid());
        end if;
        return new;
    end $$;
    create trigger g before insert on faults.t for each row execute function faults.f()
"""


def test_a_session_that_is_terminated_in_mid_copy_is_opened_again(load):
    load.stage.step(UNGATED, "10_load.py")
    load.sql(TERMINATING.format(row=HALF, times=3))
    load.configure().start().succeeds()
    assert load.output.count("is opened again") == 3


def test_a_session_that_is_always_terminated_fails_the_load_and_a_resume_makes_it_whole(load):
    load.stage.step(UNGATED, "10_load.py")
    load.sql(TERMINATING.format(row=HALF, times=1_000_000))
    load.configure(retry=1).start().fails("terminating connection due to administrator command")
    assert load.rows()
    assert load.stage.status() == "Platform error"
    load.sql("drop trigger g on faults.t")
    load.resumes()


# ---- connections


@pytest.fixture(scope="module")
def narrow():
    """A server with one connection for whoever is no administrator."""
    with PostgresServer({"max_connections": "4", "superuser_reserved_connections": "3"}) as server:
        yield server


def occupant(server):
    """Holds a connection of the loader until the end of the `with` block."""
    return server.session(user=LOADER["postgres_user"], password=LOADER["postgres_password"])


def test_a_server_without_a_free_connection_is_asked_again(narrow, load_into):
    load = load_into(narrow)
    load.configure().start("--events", "-").wait_at_gate()
    load.terminate()
    with occupant(narrow):
        load.open_gate()
        load.wait_for("is opened again")
        load.wait_for("connection")  # refused, and tried once more
    load.succeeds()


def test_a_server_that_stays_full_fails_the_load_and_a_resume_makes_it_whole(narrow, load_into):
    load = load_into(narrow)
    load.configure(retry=1).start("--events", "-").wait_at_gate()
    load.terminate()
    with occupant(narrow):
        load.open_gate()
        load.fails("remaining connection slots")
        assert load.stage.status() == "Platform error"
    load.resumes()


def test_a_password_that_is_wrong_fails_the_load_at_once(load):
    load.configure(retry=3600, postgres_password="wrong")
    load.stage.step(UNGATED, "10_load.py")
    load.start()
    assert load.end() == 1, load.output
    assert "refuses the log-in" in load.output
    assert "is opened again" not in load.output


def test_a_password_that_is_changed_in_mid_load_fails_it_at_once(load):
    load.configure(retry=3600).start("--events", "-").wait_at_gate()
    load.sql("alter role loader password 'other'")
    load.terminate()
    load.open_gate()
    load.fails("refuses the log-in")
    load.configure(postgres_password="other").resumes()


def test_a_host_that_nobody_knows_fails_the_load_at_once(load):
    load.stage.step(UNGATED, "10_load.py")
    load.configure(retry=3600, postgres_host="no-such-host.invalid").start()
    assert load.end() == 1, load.output
    assert "no-such-host.invalid" in load.output
