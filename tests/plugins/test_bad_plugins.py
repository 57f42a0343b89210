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


@pytest.mark.parametrize("hook", ["vdk_command_line", "run_job", "vdk_exit"])
def test_so_do_those_around_commands_and_jobs(stage, hook):
    stage.plugin(
        f"""
        @hookimpl(tryfirst=True)
        def {hook}():
            raise ValueError("it broke")
        """,
        "failing",
    ).body("pass")
    ended = stage.run()
    assert ended.exit == 1
    ended.says("ValueError: it broke", f"the hook {hook} of the plugin failing")
    assert ended.status != "Success"


def test_a_hook_that_refuses_statements_names_its_plugin(stage):
    stage.plugin(
        """
        @hookimpl
        def db_connection_before_operation(operation):
            raise ValueError("it broke")
        """,
        "failing",
    ).step("select 1", "10_query.sql")
    ended = stage.run()
    assert ended.exit == 1
    ended.says(
        "ValueError: it broke", "the hook db_connection_before_operation of the plugin failing"
    )


def test_a_wrapper_that_does_not_yield_leaves_out_its_plugin_alone(stage):
    stage.plugin(
        """
        @hookimpl(hookwrapper=True)
        def run_step(step):
            return None
        """,
        "wrong",
    ).body("pass")
    stage.run().succeeded().says(
        "The plugin wrong of wrong 1.0 is not loaded: PluginValidationError"
    )


def test_plugins_that_import_each_other_in_a_circle_are_named(stage):
    stage.plugin("from b_plugin import later\nearlier = 1", "a")
    stage.plugin("from a_plugin import earlier\nlater = 1", "b")
    stage.plugin("note('loaded')", "sound").body("pass")
    ended = stage.run().succeeded()
    for name in ("a", "b"):
        ended.says(
            f"The plugin {name} of {name} 1.0 is not loaded: ImportError: cannot import name"
        )
    assert ended.says("circular import").notes == [["loaded"]]


def test_two_plugins_with_one_name_for_an_object_name_the_second(stage):
    for name in ("a-first", "b-second"):
        stage.plugin(
            """
            class Inner:
                pass

            @hookimpl
            def vdk_start(plugin_registry):
                plugin_registry.load_plugin_with_hooks_impl(Inner(), "inner")
            """,
            name,
        )
    stage.body("pass")
    ended = stage.run()
    assert ended.exit == 1
    ended.says("The plugin inner cannot be registered", "the hook vdk_start of the plugin ")


@pytest.mark.parametrize(
    ("what", "register"),
    [
        ("connection db", "context.connections.add_open_connection_factory_method('DB', object)"),
        (
            "properties back end kept",
            "context.properties.set_properties_factory_method('kept', object)",
        ),
        ("secrets back end kept", "context.secrets.set_secrets_factory_method('kept', object)"),
    ],
)
def test_what_two_plugins_register_under_one_name_names_both(stage, what, register):
    for name in ("a-plugin", "b-plugin"):
        stage.plugin(f"@hookimpl\ndef initialize_job(context):\n    {register}\n", name)
    stage.env |= {"VDK_PROPERTIES_DEFAULT_TYPE": "memory", "VDK_SECRETS_DEFAULT_TYPE": "memory"}
    stage.body("pass")
    stage.run().succeeded().says(
        f"The {what} is registered twice: by b-plugin and by a-plugin, whose plugin is used."
    )
