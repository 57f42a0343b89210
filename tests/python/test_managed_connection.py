"""The classes that plugins derive their connections from, in a plain interpreter: the order of a statement's life, who is blamed, when a connection is tried again."""

import os
import sqlite3
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("VDK_BIN", ROOT / "build" / "release" / "bin" / "vdk")).absolute()
sys.path.insert(0, str(PROGRAM.parent.parent / "lib" / "vdk" / "python"))
pytest.importorskip("vdk._native", reason="vdk was not built for this interpreter")

from vdk.host.database_errors import (  # noqa: E402
    blamed_on_platform,
    is_transient,
    server_answered,
)
from vdk.internal.builtin_plugins.connection.connection_hooks import (  # noqa: E402
    ConnectionHookSpecFactory,
)
from vdk.internal.builtin_plugins.connection.impl.wrapped_connection import (  # noqa: E402
    WrappedConnection,
)
from vdk.internal.builtin_plugins.connection.managed_connection_base import (  # noqa: E402
    ManagedConnectionBase,
)
from vdk.internal.builtin_plugins.connection.managed_cursor import ManagedCursor  # noqa: E402
from vdk.internal.core.errors import (  # noqa: E402
    PlatformServiceError,
    ResolvableBy,
    VdkConfigurationError,
    get_exception_resolvable_by,
)


class Hook:
    def __init__(self, implementation):
        self.implementation = implementation

    def get_hookimpls(self):
        return [self] if self.implementation else []

    def __call__(self, **arguments):
        return [self.implementation(**arguments)]


class Relay:
    """The three hooks, as a plugin manager's relay offers them."""

    def __init__(self, validate=None, before=None, failure=None):
        self.db_connection_validate_operation = Hook(validate)
        self.db_connection_before_operation = Hook(before)
        self.db_connection_on_operation_failure = Hook(failure)


def hooks(**implementations):
    return ConnectionHookSpecFactory(SimpleNamespace(hook=lambda: Relay(**implementations)))


class Noting(ManagedConnectionBase):
    """Notes each call in the life of a statement."""

    def __init__(self, **hook_implementations):
        super().__init__(connection_hook_spec_factory=hooks(**hook_implementations))
        self._calls = []
        self._opened = 0

    def _connect(self):
        self._opened += 1
        return sqlite3.connect(":memory:", isolation_level=None)

    def db_connection_validate_operation(self, operation, parameters):
        self._calls.append(("validate", operation, parameters))

    def db_connection_decorate_operation(self, decoration_cursor):
        managed = decoration_cursor.get_managed_operation()
        managed.set_operation("/* decorated */ " + managed.get_operation())
        self._calls.append(("decorate", managed.get_operation()))

    def db_connection_execute_operation(self, execution_cursor):
        self._calls.append(("execute", execution_cursor.get_managed_operation().get_operation()))
        return super().db_connection_execute_operation(execution_cursor)

    def db_connection_after_operation(self, execution_cursor):
        self._calls.append(("after", execution_cursor.get_managed_operation().get_operation()))


def test_hooks_and_connection_take_turns_in_upstreams_order():
    calls = []

    def before(operation):
        calls.append(("hook before", operation.get_operation()))
        operation.set_operation("-- hook\n" + operation.get_operation())

    connection = Noting(
        validate=lambda operation, parameters: calls.append(("hook", operation, parameters)),
        before=before,
    )
    connection._calls = calls
    connection.connect().cursor().execute("select ?", (7,))
    assert calls == [
        ("hook", "select ?", (7,)),
        ("validate", "select ?", (7,)),
        ("hook before", "select ?"),
        ("decorate", "/* decorated */ -- hook\nselect ?"),
        ("execute", "/* decorated */ -- hook\nselect ?"),
        ("after", "/* decorated */ -- hook\nselect ?"),
    ]


def test_failure_is_told_with_the_text_that_was_executed_decorated_once():
    seen = []

    def before(operation):
        seen.append("before")
        operation.set_operation("-- hook\n" + operation.get_operation())

    connection = Noting(
        before=before,
        failure=lambda operation, exception: seen.append((operation.get_operation(), exception)),
    )
    with pytest.raises(sqlite3.OperationalError) as raised:
        connection.execute_query("select absent")
    # Plugins count on the second call; what they do to the statement then goes nowhere.
    assert seen == [
        "before",
        "before",
        ("/* decorated */ -- hook\nselect absent", raised.value),
    ]
    assert ("after", "/* decorated */ -- hook\nselect absent") not in connection._calls


def test_hooks_change_parameters_too():
    connection = Noting(before=lambda operation: operation.set_parameters((2,)))
    assert list(connection.connect().cursor().execute("select ?", (1,))) == [(2,)]


def test_refused_query_is_not_executed_and_is_the_users():
    def refuse(operation, parameters):
        raise ValueError("not this one")

    connection = Noting(validate=refuse)
    with pytest.raises(ValueError, match="not this one") as raised:
        connection.execute_query("select 1")
    assert connection._calls == []
    assert get_exception_resolvable_by(raised.value) == ResolvableBy.USER_ERROR


def test_failing_decoration_is_the_platforms():
    class Broken(Noting):
        def db_connection_decorate_operation(self, decoration_cursor):
            raise ValueError("no decoration")

    connection = Broken()
    with pytest.raises(ValueError) as raised:
        connection.execute_query("select 1")
    assert connection._calls == [("validate", "select 1", None)]
    assert get_exception_resolvable_by(raised.value) == ResolvableBy.PLATFORM_ERROR


def test_success_stays_a_success_whatever_comes_after_it(caplog):
    class Broken(Noting):
        def db_connection_after_operation(self, execution_cursor):
            raise ValueError("afterwards")

    assert Broken().execute_query("select 1") == [(1,)]
    assert "afterwards" in caplog.text


def test_recovered_statement_is_a_success_with_rows():
    class Recovering(Noting):
        def db_connection_recover_operation(self, recovery_cursor):
            assert str(recovery_cursor.get_exception()) == "no such column: absent"
            recovery_cursor.execute("create table helper as select 5 as absent")
            recovery_cursor.get_managed_operation().set_operation("select absent from helper")
            recovery_cursor.retry_operation()
            assert recovery_cursor.get_retries() == 1

    connection = Recovering()
    assert connection.execute_query("select absent") == [(5,)]
    # The helping statement is decorated as all others; `after` comes once.
    assert ("decorate", "/* decorated */ create table helper as select 5 as absent") in (
        connection._calls
    )
    assert [call[0] for call in connection._calls].count("after") == 1


def test_failed_recovery_raises_its_own_error_with_the_cause():
    class Failing(Noting):
        def db_connection_recover_operation(self, recovery_cursor):
            raise KeyError("recovery")

    with pytest.raises(KeyError) as raised:
        Failing().execute_query("select absent")
    assert isinstance(raised.value.__cause__, sqlite3.OperationalError)


def test_recovery_that_meets_the_same_error_raises_the_original():
    class Same(Noting):
        def db_connection_recover_operation(self, recovery_cursor):
            raise sqlite3.OperationalError(*recovery_cursor.get_exception().args)

    with pytest.raises(sqlite3.OperationalError) as raised:
        Same().execute_query("select absent")
    assert raised.value.__cause__ is None


def test_end_of_the_program_is_not_recovered():
    class Interrupted(Noting):
        def db_connection_execute_operation(self, execution_cursor):
            raise KeyboardInterrupt

        def db_connection_recover_operation(self, recovery_cursor):
            raise AssertionError("recovered")

    with pytest.raises(KeyboardInterrupt):
        Interrupted().execute_query("select 1")


def test_result_iterates_whatever_the_driver_returns():
    class Silent:
        """As psycopg2: execute returns nothing, the cursor has the rows."""

        description = (("x",),)

        def __init__(self):
            self.rows = [(1,), (2,)]

        def execute(self, operation):
            return None

        def fetchone(self):
            return self.rows.pop(0) if self.rows else None

    assert list(ManagedCursor(Silent()).execute("select x")) == [(1,), (2,)]
    nothing = Silent()
    nothing.description = None
    assert list(ManagedCursor(nothing).execute("insert")) == []


def test_hooks_need_a_registry():
    cursor = ManagedCursor(
        sqlite3.connect(":memory:").cursor(),
        connection_hook_spec_factory=ConnectionHookSpecFactory(None),
    )
    with pytest.raises(PlatformServiceError):
        cursor.execute("select 1")


# Connecting


@pytest.fixture
def no_waiting(monkeypatch):
    waits = []
    monkeypatch.setattr(
        ManagedConnectionBase.connect.retry,
        "wait",
        lambda state: waits.append(state.attempt_number) or 0,
    )
    return waits


class Unwilling(ManagedConnectionBase):
    def __init__(self, *errors):
        super().__init__()
        self._errors = list(errors)

    def _connect(self):
        if self._errors:
            raise self._errors.pop(0)
        return sqlite3.connect(":memory:")


class OperationalError(Exception):
    pass


def test_transient_faults_are_tried_again(no_waiting):
    connection = Unwilling(
        ConnectionRefusedError(111, "Connection refused"),
        OperationalError("FATAL:  the database system is starting up"),
    )
    assert connection.connect().execute_query("select 1") == [(1,)]
    assert no_waiting == [1, 2]


def test_trying_ends_with_the_last_error(no_waiting):
    connection = Unwilling(*[TimeoutError("timed out") for _ in range(5)])
    with pytest.raises(TimeoutError):
        connection.connect()
    assert no_waiting == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "error",
    [
        OperationalError('FATAL:  password authentication failed for user "me"'),
        OperationalError('connection failed: FATAL: database "x" does not exist'),
        VdkConfigurationError("The database is unavailable without a host."),
        TypeError("connection refused is no word of mine"),
        FileNotFoundError(2, "No such file or directory"),
    ],
)
def test_what_waiting_does_not_mend_fails_at_once(no_waiting, error):
    with pytest.raises(type(error)):
        Unwilling(error).connect()
    assert no_waiting == []


def test_waiting_grows_is_bounded_and_differs():
    wait = ManagedConnectionBase.connect.retry.wait
    for attempt, whole in ((1, 0.5), (2, 1.5), (3, 4.5), (4, 13.5), (9, 15)):
        waits = {wait(SimpleNamespace(attempt_number=attempt)) for _ in range(20)}
        assert all(whole / 2 <= seconds <= whole for seconds in waits)
        assert len(waits) > 1


def with_state(text, sqlstate):
    error = OperationalError(text)
    error.sqlstate = sqlstate
    return error


def test_sqlstate_decides_where_there_is_one():
    assert is_transient(with_state("whatever", "57P03"))
    assert not is_transient(with_state("connection refused", "28P01"))
    assert server_answered(with_state("aborted transaction", "25P02"))
    assert not server_answered(with_state("gone", "08006"))
    assert blamed_on_platform(with_state("disk full", "53100"))
    assert not blamed_on_platform(with_state("division by zero", "22012"))


def test_failures_of_statements_are_blamed_on_who_can_act():
    assert blamed_on_platform(sqlite3.OperationalError("database is locked"))
    assert not blamed_on_platform(sqlite3.OperationalError("no such table: t"))
    assert not blamed_on_platform(sqlite3.ProgrammingError("connection refused as a column"))


# The probe


def test_probe_stays_outside_of_the_hooks():
    connection = Noting(before=lambda operation: pytest.fail("a hook saw the probe"))
    connection.connect()
    assert connection._is_connected()


def test_connection_that_was_closed_below_is_known_to_be_lost():
    connection = Noting().connect()
    connection._db_con.close()
    assert not connection._is_connected()


def test_server_that_refuses_the_probe_is_there():
    class ProgrammingError(Exception):
        pass

    class Picky:
        def cursor(self):
            return self

        def execute(self, operation):
            raise ProgrammingError("FROM keyword not found where expected")

        def close(self):
            pass

    connection = WrappedConnection(None, Picky, None)
    assert connection.connect()._is_connected()


def test_attributes_of_the_driver_are_set_at_the_driver():
    connection = Noting().connect()
    connection.row_factory = sqlite3.Row
    assert connection._db_con.row_factory is sqlite3.Row
    assert connection.execute_query("select 1 as x")[0]["x"] == 1
