"""job_input: identity, arguments, state, queries."""

import json


def test_arguments_are_what_json_gives(stage):
    stage.body("import json\nprint(json.dumps(job_input.get_arguments()))")
    given = {
        "text": "žluťoučký 🐎",
        "big": 2**70,
        "real": 1e300,
        "none": None,
        "list": [True, {"a": -0.0}],
    }
    ended = stage.run("run", "job", "--arguments", json.dumps(given)).succeeded()
    assert json.loads(ended.stdout) == given


def test_arguments_come_from_a_file(stage):
    stage.body("print(job_input.get_arguments())")
    (stage.root / "given.json").write_text('{"day": "2026-01-31", "quote": "\'"}')
    ended = stage.run("run", "job", "--arguments-file", "given.json").succeeded()
    assert ended.stdout == str({"day": "2026-01-31", "quote": "'"}) + "\n"


def test_arguments_are_one_object_that_steps_may_change(stage):
    stage.body("job_input.get_arguments()['added'] = 'by the first step'")
    stage.body("print(job_input.execute_query(\"select '{added}', '{given}'\"))", "20_next.py")
    ended = stage.run("run", "job", "--arguments", '{"given": "x"}').succeeded()
    assert ended.stdout == "[('by the first step', 'x')]\n"


def test_properties_survive_runs_with_the_file_back_end(stage):
    stage.body(
        """
        seen = job_input.get_all_properties()
        print(seen, job_input.get_property("n", "none"))
        job_input.set_all_properties({"n": seen.get("n", 0) + 1, "nested": {"a": [1, 2.5, None, "x"]}})
        """
    )
    env = {"VDK_PROPERTIES_DEFAULT_TYPE": "file"}
    assert stage.run(**env).succeeded().stdout == "{} none\n"
    assert (
        stage.run(**env).succeeded().stdout == "{'n': 1, 'nested': {'a': [1, 2.5, None, 'x']}} 1\n"
    )


def test_properties_are_a_live_cache_that_a_write_drops(stage):
    stage.body(
        """
        job_input.set_all_properties({"a": 1})
        cache = job_input.get_all_properties()
        cache["unsaved"] = True
        print(job_input.get_property("unsaved"), job_input.get_all_properties() is cache)
        job_input.set_all_properties({"a": 2})
        print(job_input.get_all_properties())
        """
    )
    assert stage.run().succeeded().stdout == "True True\n{'a': 2}\n"


def test_secrets_are_hidden_in_logs(stage):
    stage.body(
        """
        import logging
        job_input.set_all_secrets({"token": "swordfish-1234"})
        logging.getLogger("x").warning("the token is %s", job_input.get_secret("token"))
        """
    )
    ended = stage.run().succeeded()
    assert "swordfish-1234" not in ended.stderr
    ended.says("the token is ***")


def test_paths_are_pathlib_objects(stage):
    stage.body(
        "print(repr(job_input.get_job_directory()), job_input.get_temporary_write_directory())"
    )
    assert stage.run().succeeded().stdout == f"PosixPath('{stage.job}') {stage.out}\n"


def test_statements_of_one_text_run_in_order_and_the_last_result_is_returned(stage):
    stage.body(
        """
        print(job_input.execute_query("create table t (a); insert into t values (1); insert into t values (2)"))
        print(job_input.execute_query("delete from t where a = 1; select * from t"))
        """
    )
    assert stage.run().succeeded().stdout == "[]\n[(2,)]\n"


def test_managed_connection_is_a_python_connection_with_hooks(stage):
    stage.body(
        """
        connection = job_input.get_managed_connection()
        cursor = connection.cursor()
        print([row for row in cursor.execute("select ?, ?", ("a", 2))])
        print(cursor.execute("select 3").get_native_result().fetchone(), cursor.description[0][0])
        connection.cursor().executemany("insert into t values (?)", [(1,), (2,)]) if False else None
        print(type(connection).__mro__[-2].__name__, connection.total_changes, connection is job_input.get_managed_connection("SQLite"))
        """
    )
    lines = stage.run().succeeded().stdout.splitlines()
    assert lines[:2] == ["[('a', 2)]", "(3,) 3"]


def test_statement_reaches_the_engine_with_the_jobs_name_in_a_comment(stage):
    stage.body(
        """
        connection = job_input.get_managed_connection()
        seen = []
        connection._db_con.set_trace_callback(seen.append)
        job_input.execute_query("select 1")
        print(seen[-1].splitlines()[0], seen[-1].splitlines()[1].startswith("-- op_id: "))
        """
    )
    assert stage.run().succeeded().stdout == "-- job_name: job True\n"


def test_connection_of_a_configuration_section(stage):
    (stage.job / "config.ini").write_text(f"[vdk_reports]\nsqlite_file = {stage.out}/reports.db\n")
    stage.body(
        """
        job_input.execute_query("create table t as select 7 as a", database="reports")
        print(job_input.execute_query("select a from t", database="REPORTS"))
        job_input.send_object_for_ingestion({"a": 8}, "t", method="reports")
        """
    )
    (stage.job / "20_read.sql").write_text("[reports]\ninsert into t select max(a) + 1 from t")
    assert stage.run().succeeded().stdout == "[(7,)]\n"
    stage.database = stage.out / "reports.db"
    assert stage.rows("select a from t order by a") == [(7,), (8,), (9,)]


def test_quoting_form_protects_from_injection(stage):
    stage.body("print(job_input.execute_query('select {who!sql}'))")
    ended = stage.run("run", "job", "--arguments", json.dumps({"who": 'it\'s \\ "me"'})).succeeded()
    assert ended.stdout == repr([('it\'s \\ "me"',)]) + "\n"


def test_step_and_core_write_one_sqlite_file_at_once_without_losing_rows(stage):
    stage.body(
        """
        job_input.execute_query("create table own (i)")
        for i in range(2000):
            job_input.send_object_for_ingestion({"i": i}, "sent")
            if i % 100 == 0:
                job_input.execute_query(f"insert into own values ({i})")
        """
    )
    stage.run(VDK_INGESTER_PAYLOAD_SIZE_BYTES_THRESHOLD="2000").succeeded()
    assert stage.rows("select count(*), sum(i) from sent") == [(2000, 1999000)]
    assert stage.rows("select count(*) from own") == [(20,)]
