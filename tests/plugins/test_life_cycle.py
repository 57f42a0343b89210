"""Plugins in the life of a command and of a job."""

EVERY_HOOK = """
    @hookimpl
    def vdk_start(plugin_registry, command_line_args):
        note("vdk_start", command_line_args)

    @hookimpl
    def vdk_configure(config_builder):
        note("vdk_configure")

    @hookimpl
    def vdk_initialize(context):
        note("vdk_initialize")

    @hookimpl
    def vdk_exception(exception):
        note("vdk_exception", type(exception).__name__, str(exception))

    @hookimpl
    def vdk_exit(context, exit_code):
        note("vdk_exit", exit_code)

    @hookimpl
    def initialize_job(context):
        note("initialize_job", context.name)

    @hookimpl
    def run_job(context):
        note("run_job")

    @hookimpl
    def run_step(context, step):
        note("run_step", step.name, step.type)

    @hookimpl
    def finalize_job(context):
        note("finalize_job")
"""


def test_hooks_come_in_upstreams_order(stage):
    stage.plugin(EVERY_HOOK).body("pass").step("select 1", "20_query.sql")
    assert stage.run().succeeded().notes == [
        ["vdk_start", ["run", "job"]],
        ["vdk_configure"],
        ["vdk_initialize"],
        ["initialize_job", "job"],
        ["run_job"],
        ["run_step", "10_step.py", "python"],
        ["run_step", "20_query.sql", "sql"],
        ["finalize_job"],
        ["vdk_exit", 0],
    ]


def test_a_job_without_python_steps_has_its_plugins_too(stage):
    stage.plugin(EVERY_HOOK).step("select 1", "20_query.sql")
    assert ["run_step", "20_query.sql", "sql"] in stage.run().succeeded().notes


def test_an_exception_is_the_very_object_and_may_be_handled(stage):
    stage.plugin(
        """
        @hookimpl
        def vdk_exception(exception):
            note(type(exception).__name__, exception.args)
            return True
        """
    ).body("raise KeyError('gone')")
    ended = stage.run()
    assert ended.exit == 0, ended.stderr
    assert ended.notes == [["KeyError", ["gone"]]]


def test_words_of_the_command_line_may_be_changed_at_the_start(stage):
    stage.plugin(
        """
        @hookimpl
        def vdk_start(command_line_args):
            command_line_args[:] = ["run", "job", "--arguments", '{"day": 3}']
        """
    ).body("assert job_input.get_arguments() == {'day': 3}")
    stage.run("nothing", "of", "use").succeeded()


def test_options_of_a_plugin_are_options_of_the_program(stage):
    stage.plugin(
        """
        from vdk.internal.core import errors

        @hookimpl
        def vdk_configure(config_builder):
            config_builder.add("sample_rows", 5, True, "How many.")
            config_builder.add("sample_path", "/here", True, "Where.").set_value("sample_path", "/there")
            assert "sample_rows" in config_builder.list_config_keys_from_main_sections()
            assert "vdk" in config_builder.list_all_section_names()

        @hookimpl
        def vdk_initialize(context):
            values = context.configuration
            note(values.get_value("SAMPLE_ROWS"), values["sample_path"], values.is_default("sample_path"))
            note(values.get_value("absent"), values.get_description("sample_rows"))
            try:
                values.get_required_value("absent")
            except errors.VdkConfigurationError:
                note("refused")
            try:
                values.list_keys_in_section("nowhere")
            except ValueError:
                note("no section")
            values.override_value("sample_rows", 9)

        @hookimpl
        def initialize_job(context):
            note(context.core_context.configuration.get_value("sample_rows"))
            context.core_context.configuration.override_value("db_default_type", "sqlite")
        """
    ).body("pass")
    ended = stage.run(VDK_SAMPLE_ROWS="7", VDK_DB_DEFAULT_TYPE="none such").succeeded()
    assert ended.notes == [
        [7, "/there", False],
        [None, "How many. Default value: 5."],
        ["refused"],
        ["no section"],
        [9],
    ]


def test_values_of_the_wrong_type_name_the_option(stage):
    stage.plugin(
        """
        @hookimpl
        def vdk_configure(config_builder):
            config_builder.add("sample_rows", 5)
        """
    ).body("pass")
    ended = stage.run(VDK_SAMPLE_ROWS="many")
    assert ended.exit == 1
    ended.says("sample_rows", "many")


def test_the_team_of_config_ini_is_found_by_its_key(stage):
    stage.plugin(
        """
        from vdk.internal.builtin_plugins.config.job_config import JobConfigKeys

        @hookimpl
        def initialize_job(context):
            note(context.core_context.configuration.get_value(JobConfigKeys.TEAM))
        """
    ).body("pass")
    (stage.job / "config.ini").write_text("[owner]\nteam = night owls\n")
    assert stage.run().succeeded().notes == [["night owls"]]


def test_the_state_tells_the_ids_and_the_steps_of_the_run(stage):
    stage.plugin(
        """
        from vdk.internal.core.statestore import CommonStoreKeys, StoreKey
        from vdk.internal.builtin_plugins.run.execution_state import ExecutionStateStoreKeys as Keys

        OWN = StoreKey[int]("sample.count")

        @hookimpl
        def vdk_initialize(context):
            context.state.set(OWN, 4)
            note(context.state.get(CommonStoreKeys.OP_ID), context.state.get(CommonStoreKeys.EXECUTION_ID))

        @hookimpl
        def run_step(context, step):
            state = context.core_context.state
            note(state.get(OWN), state.get(Keys.JOB_NAME), state.get(Keys.STEPS_STARTED), state.get(Keys.STEPS_SUCCEEDED))
        """
    ).body("pass").body("pass", "20_step.py")
    assert stage.run(VDK_OP_ID="op", VDK_EXECUTION_ID="execution").succeeded().notes == [
        ["op", "execution"],
        [4, "job", ["10_step.py"], []],
        [4, "job", ["10_step.py", "20_step.py"], ["10_step.py"]],
    ]


def test_wrappers_see_results_and_may_replace_them(stage):
    stage.plugin(
        """
        from vdk.internal.builtin_plugins.run.execution_results import StepResult

        @hookimpl(hookwrapper=True)
        def run_step(context, step):
            outcome = yield
            result = outcome.get_result()
            note(step.name, result.status, result.status == "error", type(result.exception).__name__)
            if result.status == "error":
                outcome.force_result(
                    StepResult(result.name, result.type, result.start_time, result.end_time, "success", "forgiven")
                )

        @hookimpl(hookwrapper=True)
        def run_job(context):
            outcome = yield
            result = outcome.get_result()
            note([step.status for step in result.steps_list], result.is_failed(), result.data_job_name)
        """
    ).body("raise ValueError('no')").body("pass", "20_step.py")
    assert stage.run().succeeded().notes == [
        ["10_step.py", "error", True, "ValueError"],
        ["20_step.py", "success", False, "NoneType"],
        [["success", "success"], False, "job"],
    ]


def test_a_result_that_passes_through_keeps_its_blame_and_its_places(stage):
    stage.plugin(
        """
        @hookimpl(hookwrapper=True)
        def run_job(context):
            yield

        @hookimpl(hookwrapper=True)
        def run_step(context, step):
            yield
        """
    ).body("raise ValueError('of the user')")
    stage.run().failed("ValueError: of the user", "10_step.py:2 in run")


def test_the_first_plugin_that_has_a_result_runs_the_step(stage):
    stage.plugin(
        """
        from datetime import datetime
        from vdk.internal.builtin_plugins.run.execution_results import StepResult
        from vdk.internal.builtin_plugins.run.run_status import ExecutionStatus

        @hookimpl(tryfirst=True)
        def run_step(context, step):
            now = datetime.utcnow()
            if step.name.startswith("20"):
                return StepResult(step.name, step.type, now, now, ExecutionStatus.ERROR, "refused", ValueError("refused"))
        """
    ).body("print('ran 10')").body("print('ran 20')", "20_step.py").body(
        "print('30')", "30_step.py"
    )
    ended = stage.run()
    assert ended.exit == 1
    assert ended.stdout == "ran 10\n"
    ended.says("ValueError: refused")


def test_steps_may_be_added_reordered_and_get_other_functions(stage):
    stage.plugin(
        """
        from vdk.internal.builtin_plugins.run.step import Step

        def own(step, job_input):
            note("own", step.name, step.type, job_input.get_name())
            job_input.execute_query("create table made as select 1 as a")
            return True

        def replaced(step, job_input):
            note("replaced", step.name)
            return False

        @hookimpl
        def initialize_job(context):
            builder = context.step_builder
            note([step.name for step in builder.get_steps()])
            builder.get_steps()[0].runner_func = replaced
            builder.add_step(Step("05_own", "sample", own, None, context.job_directory))
            builder._StepBuilder__steps.sort(key=lambda step: step.name)
        """
    ).body("print('never')").step("select a from made", "20_query.sql")
    ended = stage.run().succeeded()
    assert ended.notes == [
        [["10_step.py", "20_query.sql"]],
        ["own", "05_own", "sample", "job"],
        ["replaced", "10_step.py"],
    ]
    assert ended.stdout == ""
    ended.says("10_step.py - NOT_RUNNABLE")


def test_a_step_of_a_plugin_fails_as_any_other(stage):
    stage.plugin(
        """
        from vdk.internal.builtin_plugins.run.step import Step

        def own(step, job_input):
            job_input.send_object_for_ingestion({"a": 1}, "t")
            raise ValueError("the own step failed")

        @hookimpl
        def initialize_job(context):
            context.step_builder.add_step(Step("05_own", "sample", own, None, context.job_directory))
        """
    )
    stage.run().failed("ValueError: the own step failed")
    assert stage.rows("select a from t") == [(1,)]


def test_plugins_registered_at_the_start_come_before_the_core(stage):
    stage.plugin(
        """
        class Late:
            @hookimpl
            def vdk_start(self):
                note("late", "vdk_start")

            @hookimpl
            def initialize_job(self, context):
                note("late", [step.name for step in context.step_builder.get_steps()])

        @hookimpl
        def vdk_start(plugin_registry):
            plugin_registry.load_plugin_with_hooks_impl(Late(), "late")
            note(plugin_registry.has_plugin("late"), plugin_registry.is_plugin_load_success())
            try:
                plugin_registry.load_plugin_with_hooks_impl(Late(), "late")
            except Exception as error:
                note(type(error).__name__)
        """
    ).body("pass")
    assert stage.run().succeeded().notes == [
        ["late", "vdk_start"],
        [True, True],
        ["PluginException"],
        ["late", ["10_step.py"]],
    ]


def test_hooks_of_a_plugins_own_reach_other_plugins(stage):
    stage.plugin(
        """
        class Specs:
            @hookspec(historic=True)
            def sample_register(self, box):
                pass

        @hookimpl
        def vdk_start(plugin_registry):
            plugin_registry.add_hook_specs(Specs)

        @hookimpl
        def vdk_initialize(context):
            box = []
            context.plugin_registry.hook().sample_register.call_historic(kwargs={"box": box})
            note(box)
        """,
        "owner",
    )
    stage.plugin(
        """
        @hookimpl
        def sample_register(box):
            box.append("from the other")
        """,
        "other",
    )
    stage.body("pass")
    assert stage.run().succeeded().notes == [[["from the other"]]]


def test_statements_pass_the_hooks_of_connections(stage):
    stage.plugin(
        """
        @hookimpl
        def db_connection_validate_operation(operation, parameters):
            note("validate", operation)
            if "forbidden" in operation:
                raise ValueError("not that one")

        class Late:
            @hookimpl
            def db_connection_before_operation(self, operation):
                note("before", operation.get_operation())
                operation.set_operation(operation.get_operation().replace("41", "42"))

            @hookimpl
            def db_connection_on_operation_failure(self, operation, exception):
                note("failure", type(exception).__name__)

        @hookimpl
        def vdk_start(plugin_registry):
            plugin_registry.load_plugin_with_hooks_impl(Late(), "late")
        """
    ).body(
        """
        print(job_input.execute_query("select 41"))
        for query in ("select absent", "forbidden"):
            try:
                job_input.execute_query(query)
            except Exception as error:
                print(type(error).__name__, error)
        """
    )
    ended = stage.run().succeeded()
    assert (
        ended.stdout
        == "[(42,)]\nOperationalError no such column: absent\nValueError not that one\n"
    )
    assert [note for note in ended.notes if "Testing" not in note[1]] == [
        ["validate", "select 41\n"],
        ["before", "select 41\n"],
        ["validate", "select absent\n"],
        ["before", "select absent\n"],
        ["before", "select absent\n"],
        ["failure", "OperationalError"],
        ["validate", "forbidden\n"],
    ]


def test_hook_calls_are_shown_on_demand(stage):
    stage.plugin(EVERY_HOOK).body("pass")
    stage.run("--debug-hooks", "run", "job").succeeded().says(
        "hook run_step: called\n", "hook finalize_job: "
    )


def test_commands_that_need_no_plugin_start_no_interpreter(stage):
    stage.plugin("note('imported')").body("pass")
    for words in (("--version",), ("completion", "bash")):
        assert stage.run(*words).exit == 0
    assert stage.notes() == []
