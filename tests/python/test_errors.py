"""Exceptions: who sees them, who is blamed, how the run ends."""

import pytest


def test_exception_names_its_class_its_text_and_the_places_in_the_job(stage):
    stage.step("def load(value):\n    return {}[value]", "helper.py", stage.job / "lib")
    stage.step("from lib.helper import load\n\ndef run(job_input):\n    load('missing')")
    ended = stage.run()
    ended.says("KeyError: 'missing'", "at 10_step.py:4 in run", "at lib/helper.py:2 in load")
    assert "python_step.py" not in ended.stderr
    assert (ended.exit, ended.status) == (1, "User error")


def test_exception_from_a_library_called_by_the_step_is_the_users(stage):
    stage.body("import json\njson.loads('{')")
    assert stage.run().status == "User error"


def test_exception_tagged_for_the_platform_is_the_platforms(stage):
    stage.body(
        "from vdk.internal.core.errors import PlatformServiceError\nraise PlatformServiceError('the store is down')"
    )
    ended = stage.run()
    ended.says("the store is down")
    assert ended.status == "Platform error"


def test_exception_without_text_is_still_the_users(stage):
    stage.body("assert False")
    ended = stage.run()
    ended.says("AssertionError")
    assert (ended.exit, ended.status) == (1, "User error")


def test_exception_that_cannot_describe_itself_is_reported_by_its_class(stage):
    stage.step(
        """
        class Odd(Exception):
            def __str__(self): raise ValueError("no text")
        def run(job_input): raise Odd()
        """
    )
    ended = stage.run()
    ended.says("Odd")
    assert (ended.exit, ended.status) == (1, "User error")


def test_deep_recursion_is_one_place(stage):
    stage.step(
        "def run(job_input): down(60)\ndef down(n):\n    if n == 0: raise KeyError('bottom')\n    down(n - 1)"
    )
    ended = stage.run()
    ended.says("KeyError: 'bottom'")
    assert ended.stderr.count("10_step.py:4 in down") == 3


def test_error_of_the_core_has_its_upstream_class_in_the_step(stage):
    stage.body(
        """
        from vdk.internal.core.errors import UserCodeError, VdkConfigurationError
        for call, kind in (
            (lambda: job_input.execute_query("  "), UserCodeError),
            (lambda: job_input.execute_query("select 1", database="nowhere"), VdkConfigurationError),
            (lambda: job_input.send_object_for_ingestion({"a": 1}, "t", method="nowhere"), VdkConfigurationError),
            (lambda: job_input.execute_template("no such template", {}), UserCodeError),
        ):
            try:
                call()
            except kind as error:
                print(type(error).__name__, error._vdk_resolvable_by.value)
        """
    )
    assert stage.run().succeeded().stdout.split("\n")[:4] == [
        "UserCodeError User Error",
        "VdkConfigurationError Configuration error",
        "VdkConfigurationError Configuration error",
        "UserCodeError User Error",
    ]


def test_error_of_the_core_that_passes_through_a_step_keeps_its_words(stage):
    stage.body("job_input.execute_query('select 1', database='nowhere')")
    ended = stage.run()
    ended.says("VdkConfigurationError: There is no database connection of type 'nowhere'.\n")
    assert "+++" not in ended.stderr


def test_driver_exception_reaches_the_step_unchanged(stage):
    stage.body(
        """
        import sqlite3
        try:
            job_input.execute_query("select * from absent")
        except sqlite3.OperationalError as error:
            print(error)
        """
    )
    assert stage.run().succeeded().stdout == "no such table: absent\n"


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("sys.exit(3)", 3),
        ("sys.exit('the end')", 1),
        ("sys.exit(259)", 3),
        ("raise SystemExit(4)", 4),
    ],
)
def test_sys_exit_ends_the_run_with_its_code(stage, call, code):
    stage.body(f"import sys\n{call}")
    stage.body("print('never')", "20_next.py")
    ended = stage.run()
    assert (ended.exit, ended.status, ended.stdout) == (code, "User error", "")


def test_sys_exit_zero_is_a_failure_that_names_the_better_way(stage):
    stage.body("import sys\nsys.exit(0)")
    stage.body("print('never')", "20_next.py")
    ended = stage.run()
    ended.says("sys.exit(0)", "job_input.skip_remaining_steps()")
    assert (ended.exit, ended.status, ended.stdout) == (1, "User error", "")


def test_skip_remaining_steps_ends_the_job_successfully(stage):
    stage.body(
        "job_input.send_object_for_ingestion({'a': 1}, 't')\njob_input.skip_remaining_steps()"
    )
    stage.body("print('never')", "20_next.py")
    assert stage.run().succeeded().stdout == ""
    assert stage.rows("select a from t") == [(1,)]


def test_keyboard_interrupt_of_the_steps_own_is_an_error(stage):
    stage.body("raise KeyboardInterrupt('mine')")
    ended = stage.run()
    ended.says("KeyboardInterrupt")
    assert ended.exit == 1
    assert ended.status != "Success"


def test_user_error_of_a_job_is_shown_in_a_box_or_plainly(stage):
    stage.body(
        "from vdk.internal.core.errors import UserCodeError\nraise UserCodeError('what', 'why')"
    )
    pretty = stage.run(VDK_LOG_EXCEPTION_FORMATTER="pretty")
    pretty.says("+  what ", "+  why ", "UserCodeError: An error of resolvable type")
    box = [line for line in pretty.stderr.splitlines() if line.startswith("+")]
    assert len({len(line) for line in box}) == 1
    plain = stage.run(VDK_LOG_EXCEPTION_FORMATTER="plain")
    plain.says("what why")
    assert "+++" not in plain.stderr


def test_job_input_that_outlives_its_job_refuses(stage):
    stage.step(
        "import atexit\ndef run(job_input):\n    atexit.register(late, job_input)\ndef late(job_input):\n    try:\n        job_input.send_object_for_ingestion({'a': 1}, 't')\n    except Exception as error:\n        print(type(error).__name__, error._lines[1])"
    )
    assert (
        stage.run().succeeded().stdout
        == "UserCodeError This job_input belongs to a job that has ended.\n"
    )


def test_upstream_core_on_the_path_is_refused_with_the_remedy(stage):
    foreign = stage.root / "site" / "vdk" / "internal"
    foreign.mkdir(parents=True)
    (foreign / "cli_entry.py").write_text("")
    stage.body("print('never')")
    ended = stage.run(PYTHONPATH=str(stage.root / "site"))
    ended.says("another vdk-core is installed in", "pip uninstall vdk-core")
    assert (ended.exit, ended.stdout) == (1, "")
