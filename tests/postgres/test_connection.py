"""The server's connection as Python and the command line see it."""

import pytest


@pytest.fixture
def python(stage):
    """Runs a body as a Python step; returns what it printed."""

    def run(body):
        stage.configure("[vdk]\ndb_default_type = postgres\n" + stage.keys())
        lines = "".join(f"    {line}\n" for line in body.strip().splitlines())
        stage.step("import datetime, decimal\ndef run(job_input):\n" + lines, "10_step.py")
        done = stage.run()
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return run


def test_statements_take_parameters_and_give_rows(python):
    printed = python(
        """
connection = job_input.get_managed_connection()
cursor = connection.cursor()
cursor.execute("drop table if exists p; create table p (n int, s text, b bytea, d date, j jsonb)")
cursor.execute("insert into p values (%s, %s, %s, %s, %s)", (1, "it's \\\\ 100%", b"\\x00\\\\\\xff", datetime.date(2024, 2, 29), {"a": [1]}))
print(cursor.rowcount, cursor.description)
cursor.execute("select n, s, d from p where s like '%%100%%' and n = %(n)s and d > %(d)s", {"n": 1, "d": datetime.date(2024, 1, 1)})
print(cursor.fetchall(), [column[0] for column in cursor.description])
print(list(cursor.execute("select octet_length(b), j ->> 'a' from p")))
print(list(cursor.execute("select %s::numeric, %s::timestamptz = %s", (decimal.Decimal("1.50"), "2024-01-01 00:00:00+00", datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)))))
"""
    )
    assert printed[0] == "1 None"
    assert printed[1].startswith("""[(1, "it's \\\\ 100%", """)
    assert printed[2] == "[(3, '[1]')]"
    assert printed[3].endswith(", True)]")


def test_transaction_of_the_text_ends_by_commit_and_rollback(python):
    assert python(
        """
connection = job_input.get_managed_connection()
connection.execute_query("drop table if exists tx; create table tx (n int)")
connection.execute_query("begin")
connection.execute_query("insert into tx values (1)")
connection.rollback()
connection.execute_query("begin")
connection.execute_query("insert into tx values (2)")
connection.commit()
connection.rollback()
print(job_input.execute_query("select n from tx"))
"""
    ) == ["[(2,)]"]


def test_errors_are_those_of_pep_249_and_the_connection_stays(python):
    assert python(
        """
connection = job_input.get_managed_connection()
for statement in ("select absent", "select 1/0", "select 'a'::int"):
    try:
        connection.execute_query(statement)
    except connection.DatabaseError as error:
        print(type(error).__name__)
print(connection.execute_query("select 1"), connection.execute_query("create temporary table t (x int)"))
"""
    ) == ["ProgrammingError", "DataError", "DataError", "[(1,)] None"]


def test_terminated_session_is_opened_again_in_place(python):
    assert python(
        """
connection = job_input.get_managed_connection()
(pid,), = connection.execute_query("select pg_backend_pid()")
try:
    connection.execute_query("select pg_terminate_backend(pg_backend_pid())")
except connection.OperationalError as error:
    print("lost", error._vdk_resolvable_by.value)
again = job_input.get_managed_connection()
(other,), = again.execute_query("select pg_backend_pid()")
print(again is connection, pid != other)
"""
    ) == ["lost Platform error", "True True"]


def test_rows_stream_while_other_statements_run(python):
    assert python(
        """
rows = job_input.stream_query("select generate_series(1, 100000) as n")
total = 0
for number, (n,) in enumerate(rows):
    total += n
    if number == 50:
        print(job_input.execute_query("select 'meanwhile'"))
print(total)
"""
    ) == ["[('meanwhile',)]", "5000050000"]


def test_query_command_prints_no_headers(stage):
    stage.configure("[vdk]\n" + stage.keys())
    done = stage.vdk("postgres-query", "-q", "select 1, 'one' union all select 22, null order by 1")
    assert done.stdout == "--  ---\n 1  one\n22\n--  ---\n", done.stderr
    assert stage.vdk("postgres-query", "-q", "create temporary table t (x int)").stdout == "\n"
    assert stage.vdk("postgres-query", "-q", "select 1 as x where false").stdout == "\n"
    done = stage.vdk("postgres-query", "-q", "select 1 as x", "-o", "csv")
    assert done.stdout == "x\n1\n"


def test_wrong_password_fails_at_once(stage):
    stage.configure("[vdk]\n" + stage.keys(postgres_password="wrong"))
    done = stage.vdk("postgres-query", "-q", "select 1")
    assert done.returncode == 1
    assert "next attempt" not in done.stderr
