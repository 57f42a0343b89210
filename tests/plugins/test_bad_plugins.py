"""Plugins that do not work: the message names them, and the rest behaves as ever."""

import pytest


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        (
            "import no_such_module_at_all",
            "ModuleNotFoundError: No module named 'no_such_module_at_all'",
        ),
        ("from json import no_such_name", "ImportError: cannot import name 'no_such_name'"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("def broken(:\n    pass", "SyntaxError: "),
    ],
)
def test_what_cannot_be_imported_is_one_line_with_cause_and_remedy(stage, source, cause):
    stage.plugin(source, "broken-one", "2.5")
    stage.plugin(
        """
        @hookimpl
        def vdk_initialize(context):
            note(context.plugin_registry.is_plugin_load_success())
        """,
        "sound",
    )
    stage.body("print('ran')")
    ended = stage.run().succeeded()
    assert ended.stdout == "ran\n"
    assert ended.notes == [[False]]
    (line,) = [line for line in ended.stderr.splitlines() if "broken-one" in line]
    assert line.startswith(f"vdk: The plugin broken-one of broken-one 2.5 is not loaded: {cause}")
    assert line.endswith("-m pip uninstall broken-one")


def test_an_entry_point_without_its_object_is_named(stage):
    stage.plugin("", "sound")
    stage.entry_point("hollow", "sound_plugin:absent")
    stage.body("pass")
    stage.run().succeeded().says("The plugin hollow of hollow 1.0 is not loaded: AttributeError")


def test_a_hook_with_wrong_arguments_leaves_out_its_plugin_alone(stage):
    stage.plugin(
        """
        @hookimpl
        def vdk_configure(config_builder):
            note("never")

        @hookimpl
        def run_step(context, step, nonsense):
            note("never")
        """,
        "wrong",
    )
    stage.plugin(
        """
        @hookimpl
        def run_step(step):
            note(step.name)
        """,
        "sound",
    )
    stage.body("pass")
    ended = stage.run().succeeded()
    ended.says("The plugin wrong of wrong 1.0 is not loaded: PluginValidationError", "nonsense")
    assert ended.notes == [["10_step.py"]]


def test_of_two_plugins_with_one_name_the_second_is_left_out_and_named(stage):
    stage.plugin("note('first')", "a-first")
    stage.plugin("note('second')", "b-second")
    stage.entry_point("b-second", "b_second_plugin", point="a-first")
    stage.body("pass")
    ended = stage.run().succeeded()
    ended.says(
        "The plugin a-first of b-second 1.0 is not loaded: another plugin has the name a-first"
    )
    assert ["first"] in ended.notes


@pytest.mark.parametrize(
    "hook", ["vdk_start()", "vdk_configure()", "vdk_initialize()", "initialize_job()", "run_step()"]
)
def test_a_hook_that_fails_ends_the_run_and_names_its_plugin(stage, hook):
    stage.plugin(
        f"""
        @hookimpl
        def {hook}:
            raise ValueError("it broke")
        """,
        "failing",
    )
    stage.body("pass")
    ended = stage.run()
    assert ended.exit == 1
    ended.says("ValueError: it broke", f"the hook {hook[:-2]} of the plugin failing")
    assert ended.status != "Success"


def test_a_failing_finalize_job_fails_a_run_that_went_well(stage):
    stage.plugin(
        """
        @hookimpl
        def finalize_job():
            raise ValueError("it broke")
        """
    ).body("pass")
    ended = stage.run()
    assert ended.exit == 1
    ended.says("ValueError: it broke", "of the plugin sample")


def test_a_result_that_is_none_names_the_hook(stage):
    stage.plugin(
        """
        @hookimpl(tryfirst=True)
        def run_step(step):
            return "done"
        """
    ).body("pass")
    ended = stage.run()
    assert ended.exit == 1
    ended.says("run_step")
