"""A plugin author's test, with the runner and the back ends in memory."""

REQUIRES = ["vdk-test-utils", "pytest"]


def check(cell):
    cell.file(
        "jobs/sends/10_step.py",
        """
        import logging

        def run(job_input):
            logging.getLogger(__name__).info("a record of the step")
            print("printed by the step", job_input.get_arguments())
            job_input.set_all_properties({"a": 1})
            for number in range(3):
                job_input.send_object_for_ingestion({"number": number}, "t", method="memory")
        """,
    )
    cell.file("jobs/fails/10_step.py", "def run(job_input):\n    raise ValueError('mine')\n")
    cell.file(
        "jobs/asks/10_step.py",
        """
        def run(job_input):
            job_input.execute_query("create table kept (a integer)")
            job_input.execute_query("insert into kept values (1)")
        """,
    )
    cell.file(
        "test_it.py",
        """
        import click
        from vdk.api.plugin.hook_markers import hookimpl
        from vdk.plugin.test_utils.util_funcs import (
            CliEntryBasedTestRunner, cli_assert_equal, jobs_path_from_caller_directory,
        )
        from vdk.plugin.test_utils.util_plugins import (
            DecoratedSqLite3MemoryDbPlugin, IngestIntoMemoryPlugin, TestPropertiesPlugin,
        )

        def test_rows_and_properties_reach_the_plugins():
            for _ in range(2):
                memory, properties = IngestIntoMemoryPlugin(), TestPropertiesPlugin()
                runner = CliEntryBasedTestRunner(memory, properties)
                runner.clear_default_plugins()
                result = runner.invoke(["run", jobs_path_from_caller_directory("sends"), "--arguments", '{"b": 2}'])
                cli_assert_equal(0, result)
                assert sorted(row["number"] for p in memory.payloads for row in p.payload) == [0, 1, 2]
                assert properties.properties_client.read_properties("sends", None) == {"a": 1}
                assert "printed by the step {'b': 2}" in result.output
                assert "a record of the step" in result.output

        def test_the_exception_of_a_step_reaches_the_test():
            result = CliEntryBasedTestRunner().invoke(["run", jobs_path_from_caller_directory("fails")])
            cli_assert_equal(1, result)
            assert isinstance(result.exception, ValueError)

        def test_statements_are_seen(monkeypatch):
            monkeypatch.setenv("DB_DEFAULT_TYPE", "SQLITE_MEMORY")
            seen = []
            class Sees:
                @hookimpl
                def db_connection_before_operation(self, operation):
                    seen.append(operation.get_operation())
            database = DecoratedSqLite3MemoryDbPlugin()
            result = CliEntryBasedTestRunner(database, Sees()).invoke(["run", jobs_path_from_caller_directory("asks")])
            cli_assert_equal(0, result)
            assert any("insert into kept" in statement for statement in seen)

        def test_a_command_of_a_plugin_runs():
            class Adds:
                @hookimpl
                def vdk_command_line(self, root_command):
                    root_command.add_command(click.Command("mine", callback=lambda: click.echo("hello")))
            result = CliEntryBasedTestRunner(Adds()).invoke(["mine"])
            cli_assert_equal(0, result)
            assert result.output == "hello\\n"
        """,
    )
    ended = cell.execute("python", "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert "4 passed" in ended.stdout, ended.stdout
