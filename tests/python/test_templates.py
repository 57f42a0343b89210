"""Templates, run from inside a step."""

import pytest


@pytest.fixture
def template(stage):
    """A job whose first step knows the template `load` in the folder `template`."""
    stage.folder = stage.root / "template"
    stage.folder.mkdir()
    stage.step(
        f"""
        def run(job_input):
            job_input._JobInput__job.add_template("load", {str(stage.folder)!r}, "default")
            job_input._JobInput__job.add_template("load", {str(stage.folder)!r}, "reports")
        """,
        "00_register.py",
    )
    return stage


def test_template_runs_with_the_callers_name_and_the_callers_own_arguments(template):
    template.step(
        """
        def run(job_input):
            print(job_input.get_name(), job_input.get_job_directory().name, job_input.get_arguments())
            job_input.get_arguments()["added"] = object
        """,
        "10_look.py",
        template.folder,
    )
    (template.folder / "20_fill.sql").write_text("create table t as select '{given}' as a")
    template.body(
        """
        arguments = {"given": "value", "any": {1, 2}}
        result = job_input.execute_template("load", arguments)
        print(result.is_success(), result.data_job_name, [(s.name, s.status.value) for s in result.steps_list])
        print(sorted(arguments), job_input.get_arguments())
        """
    )
    assert template.run().succeeded().stdout.splitlines() == [
        "job template {'given': 'value', 'any': {1, 2}}",
        "True job [('10_look.py', 'success'), ('20_fill.sql', 'success')]",
        "['added', 'any', 'given'] {}",
    ]
    assert template.rows("select a from t") == [("value",)]


def test_exception_of_a_template_reaches_the_caller_as_the_same_object(template):
    template.step(
        """
        class Odd(Exception): pass
        def run(job_input):
            error = Odd("from the template")
            job_input.get_arguments()["error"] = error
            raise error
        """,
        "10_fail.py",
        template.folder,
    )
    template.body(
        """
        arguments = {}
        try:
            job_input.execute_template("load", arguments)
        except Exception as error:
            print(error is arguments["error"], error)
        """
    )
    assert template.run().succeeded().stdout == "True from the template\n"


def test_uncaught_exception_of_a_template_names_places_in_both(template):
    template.step("def run(job_input): raise KeyError('deep')", "10_fail.py", template.folder)
    template.body("job_input.execute_template('load', {})")
    ended = template.run()
    ended.says("KeyError: 'deep'", "at 10_step.py:2 in run\n  at template/10_fail.py:1 in run")
    assert (ended.exit, ended.status) == (1, "User error")


def test_skipping_ends_the_template_and_not_its_caller(template):
    template.step(
        "def run(job_input): job_input.skip_remaining_steps()", "10_skip.py", template.folder
    )
    template.step("def run(job_input): print('never')", "20_never.py", template.folder)
    template.body("job_input.execute_template('load', {})\nprint('caller goes on')")
    assert template.run().succeeded().stdout == "caller goes on\n"


def test_rows_of_a_template_are_stored_when_it_ends(template):
    template.step(
        "def run(job_input): job_input.send_object_for_ingestion({'a': 1}, 't')",
        "10_send.py",
        template.folder,
    )
    template.body(
        "job_input.execute_template('load', {})\nprint(job_input.execute_query('select a from t'))"
    )
    assert template.run().succeeded().stdout == "[(1,)]\n"


def test_template_of_another_database_runs_on_it(template):
    (template.job / "config.ini").write_text(
        f"[vdk_reports]\nsqlite_file = {template.out}/reports.db\n"
    )
    (template.folder / "10_create.sql").write_text("create table t as select 1 as a")
    template.body(
        """
        job_input.execute_template("load", {}, database="reports")
        print(job_input.execute_query("select a from t", database="reports"))
        """
    )
    assert template.run().succeeded().stdout == "[(1,)]\n"


def test_sys_exit_in_a_template_ends_the_run(template):
    template.step("import sys\ndef run(job_input): sys.exit(5)", "10_exit.py", template.folder)
    template.body("job_input.execute_template('load', {})\nprint('never')")
    ended = template.run()
    assert (ended.exit, ended.stdout) == (5, "")
