import pytest


def succeeded(done):
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def failed(done, *fragments):
    said = done.stdout + done.stderr
    assert done.returncode != 0, said
    for fragment in fragments:
        assert fragment in said, said
    return said


SALES = """\
    create table sales_{kind} (region text, amount numeric(10, 2));
    insert into sales_{kind} values ('north', 1.10), ('south', 2.20), ('north', 0.05);
"""


def test_sql_steps_run_on_it(stage):
    stage.configure("[vdk]\ndb_default_type = postgres\n" + stage.keys())
    stage.step(SALES.format(kind="native"), "10_make.sql")
    stage.step(
        "create table totals as select region, sum(amount) from sales_native group by 1",
        "20_sum.sql",
    )
    succeeded(stage.run())
    assert stage.rows("select * from totals order by 1") == ["north|1.15", "south|2.20"]


def test_a_step_may_name_it_where_another_is_the_default(stage):
    stage.configure("[vdk]\n" + stage.keys())
    stage.step("[postgres]\ncreate table named as select 1 as n\n", "10_named.sql")
    stage.step("select sqlite_version()", "20_default.sql")
    succeeded(stage.run())
    assert stage.rows("select n from named") == ["1"]


def test_the_automatic_default_stays_what_it_was(stage):
    stage.configure("[vdk]\n" + stage.keys() + "[vdk_dev]\n" + stage.keys())
    assert "3." in succeeded(stage.vdk("sql", "select sqlite_version()")).stdout


def test_a_section_is_a_connection_of_its_name(stage):
    stage.configure("[vdk_dev]\n" + stage.keys(postgres_dbname="template1"))
    done = succeeded(stage.vdk("sql", "-d", "dev", "-o", "csv", "select current_database() as d"))
    assert done.stdout == "d\ntemplate1\n"
    assert "dev" not in done.stderr


def test_the_name_that_upstream_made_of_a_section_still_works(stage):
    stage.configure("[vdk_dev]\n" + stage.keys() + "[vdk_ev]\nsqlite_file = x.db\n")
    failed(stage.vdk("sql", "-d", "ev", "select current_database()"), "current_database")
    stage.configure("[vdk_dev]\n" + stage.keys())
    done = succeeded(stage.vdk("sql", "-d", "ev", "-o", "csv", "select current_database() as d"))
    assert done.stdout == "d\npostgres\n"
    assert "'ev' is an old name of 'dev'" in done.stderr


def test_a_section_without_its_keys_is_no_connection(stage):
    stage.configure("[vdk_dev]\npostgres_port = 5432\n")
    failed(stage.vdk("sql", "-d", "dev", "select 1"), "no database connection of type 'dev'")


@pytest.mark.parametrize("engine", ["postgres", "greenplum"])
def test_what_is_not_configured_says_how(stage, engine):
    failed(stage.vdk("sql", "-d", engine, "select 1"), f"{engine}_dsn", "VdkConfigurationError")


def test_greenplum_is_the_same_driver_under_its_own_keys(stage):
    stage.configure("[vdk]\n" + stage.keys().replace("postgres_", "greenplum_"))
    done = succeeded(stage.vdk("sql", "-d", "greenplum", "-o", "csv", "select 1 as n"))
    assert done.stdout == "n\n1\n"


def test_a_failed_statement_says_where_and_the_job_fails(stage):
    stage.configure("[vdk]\ndb_default_type = postgres\n" + stage.keys())
    stage.step("select 1;\nselect 2,\n       oops\n", "10_bad.sql")
    failed(
        stage.run(),
        'column "oops" does not exist',
        "line 2 of statement 2",
        "42703",
        "  at 10_bad.sql:3: oops\n",
    )
    assert stage.status() == "User error"


def test_a_wrong_password_fails_at_once_and_is_never_shown(stage):
    stage.configure(
        "[vdk]\ndb_default_type = postgres\n" + stage.keys(postgres_password="swordfish-of-tests")
    )
    stage.step("select 1", "10_any.sql")
    said = failed(stage.run(), "refuses the log-in")
    assert "swordfish" not in said


def test_the_password_of_a_dsn_is_never_shown(stage):
    dsn = f"postgresql://{stage.server.user}:swordfish-of-tests@127.0.0.1:{stage.server.port}/postgres"
    stage.configure(f"[vdk]\npostgres_dsn = {dsn}\n[vdk_dev]\npostgres_dsn = {dsn}\n")
    for name in ("postgres", "dev"):
        said = failed(stage.vdk("-v", "DEBUG", "sql", "-d", name, "select 1"), "refuses the log-in")
        assert "swordfish" not in said


def test_a_lost_server_fails_the_step_and_blames_the_platform(stage):
    stage.configure("[vdk]\ndb_default_type = postgres\n" + stage.keys())
    stage.step("select pg_terminate_backend(pg_backend_pid())", "10_lost.sql")
    failed(stage.run(), "terminating connection")
    assert stage.status() == "Platform error"
