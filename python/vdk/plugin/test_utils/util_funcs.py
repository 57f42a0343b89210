"""Runs command lines and jobs inside a test's own process, with the plugins that the test gives."""

import inspect
import pathlib
import traceback
from unittest.mock import MagicMock

from click.testing import CliRunner
from vdk.api.plugin.hook_markers import hookimpl
from vdk.internal import cli_entry
from vdk.internal.builtin_plugins.internal_hookspecs import InternalHookSpecs
from vdk.internal.cli_entry import CliEntry
from vdk.internal.plugin.plugin import PluginRegistry
from vdk.plugin.test_utils.util_plugins import TestPropertiesPlugin, TestSecretsPlugin

# ---- assertions -------------------------------------------------------------------------------


def cli_assert(is_true, result, message="result assert fails"):
    """Fails with everything that the command line printed and raised."""
    raised = "".join(traceback.format_exception(*result.exc_info)) if result.exc_info else ""
    assert is_true, f"{message}\nRaised:\n{raised}\nPrinted:\n{result.output}"


def cli_assert_equal(expected_exit_code, result):
    code = result.exit_code
    cli_assert(code == expected_exit_code, result, f"exit code {code}, not {expected_exit_code}")


def cli_assert_output_contains(expected_substring, result):
    contains = expected_substring in result.output
    cli_assert(contains, result, f"{expected_substring!r} is not in the output")


# ---- the command line -------------------------------------------------------------------------


class TestingCliEntryPlugin:
    """Runs the command in a CliRunner. `runner` and what its `invoke` takes may be given."""

    __test__ = False

    def __init__(self, runner=None, **extra):
        self.runner = CliRunner() if runner is None else runner
        self.extra = extra
        self.result = None

    @hookimpl(tryfirst=True)
    def vdk_cli_execute(self, root_command, command_line_args, program_name, core_context):
        self.result = self.runner.invoke(
            cli=root_command,
            args=command_line_args,
            obj=core_context,
            prog_name=program_name,
            **self.extra,
        )
        return self.result.exit_code


class CliEntryBasedTestRunner:
    """The whole command line with these plugins and no others; plugins that are installed are not loaded.

    Back ends of properties and secrets in memory are there, unless `clear_default_plugins` is called first.
    """

    def __init__(self, *plugins):
        self._plugins = plugins
        self._default_plugins = [TestPropertiesPlugin(), TestSecretsPlugin()]

    def clear_default_plugins(self):
        self._default_plugins.clear()

    def invoke(self, args, cli=None, **extra):
        """click's Result; its exit code is the program's. May be called many times."""
        registry = PluginRegistry()
        registry.add_hook_specs(InternalHookSpecs)
        registry.load_plugin_with_hooks_impl(CliEntry(), "cli-entry")
        entry = TestingCliEntryPlugin(**extra)
        registry.load_plugin_with_hooks_impl(entry, "testing-cli-entry")
        for plugin in (*self._default_plugins, *self._plugins):
            registry.load_plugin_with_hooks_impl(plugin)
        exit_code = registry.hook().vdk_main(
            plugin_registry=registry,
            root_command=cli_entry.cli if cli is None else cli,
            command_line_args=args,
        )
        assert entry.result is not None, "the program ended before it ran the command"
        entry.result.exit_code = exit_code
        return entry.result


# ---- where a test's jobs are ------------------------------------------------------------------


def get_test_job_path(current_dir, job_name):
    return str(pathlib.Path(current_dir) / "jobs" / job_name)


def get_caller_directory(levels_up=1):
    """The folder of the module that calls this; of its caller's caller with 2, and so on."""
    return pathlib.Path(inspect.stack()[levels_up].filename).resolve().parent


def jobs_path_from_caller_directory(job_name):
    """The job of that name in the folder `jobs` beside the calling module."""
    return get_test_job_path(get_caller_directory(2), job_name)


# ---- jobs and cursors without a command line --------------------------------------------------


class DataJobBuilder:
    """A job of functions instead of files."""

    def __init__(self):
        from vdk.api.plugin.core_hook_spec import CoreHookSpecs, JobRunHookSpecs
        from vdk.internal.builtin_plugins.run.step import StepBuilder
        from vdk.internal.core.config import ConfigurationBuilder
        from vdk.internal.core.context import CoreContext
        from vdk.internal.core.statestore import StateStore

        self.name = "test-job"
        self.step_builder = StepBuilder()
        registry = PluginRegistry()
        registry.add_hook_specs(CoreHookSpecs)
        registry.add_hook_specs(JobRunHookSpecs)
        registry.load_plugin_with_hooks_impl(self, "test-job-builder")
        self.core_context = CoreContext(registry, ConfigurationBuilder().build(), StateStore())

    @hookimpl(trylast=True)
    def initialize_job(self, context):
        context.step_builder = self.step_builder

    def add_step_func(self, step_runner_func, step_name="test", step_type="test"):
        from vdk.internal.builtin_plugins.run.step import Step

        here = pathlib.Path(__file__)
        self.step_builder.add_step(
            Step(
                name=step_name,
                type=step_type,
                runner_func=step_runner_func,
                file_path=here,
                job_dir=here.parent,
            )
        )

    def build(self):
        from vdk.internal.builtin_plugins.run.data_job import DataJob

        return DataJob(None, self.core_context, name=self.name)


def populate_mock_managed_cursor_no_hook(
    mock_exception_to_recover=None,
    mock_operation=None,
    mock_parameters=None,
    decoration_operation_callback=None,
    managed_database_connection=None,
):
    """(native cursor, managed cursor, decoration cursor, recovery cursor, connection) around a mock of a driver."""
    from vdk.internal.builtin_plugins.connection.connection_hooks import DefaultConnectionHookImpl

    managed_database_connection.db_connection_execute_operation = lambda cursor: (
        DefaultConnectionHookImpl().db_connection_execute_operation(cursor)
    )
    native, managed, decoration, recovery = _cursors(
        mock_exception_to_recover,
        mock_operation,
        mock_parameters,
        decoration_operation_callback,
        {"managed_database_connection": managed_database_connection},
    )
    return native, managed, decoration, recovery, managed_database_connection


def create_mock_managed_cursor(
    mock_exception_to_recover=None,
    mock_operation=None,
    mock_parameters=None,
    before_operation_callback=None,
    decoration_operation_callback=None,
):
    """The same with mocks of the hooks and of the connection, which come behind the cursors."""
    from vdk.api.plugin.connection_hook_spec import ConnectionHookSpec
    from vdk.internal.builtin_plugins.connection.connection_hooks import ConnectionHookSpecFactory
    from vdk.internal.builtin_plugins.connection.database_managed_connection import (
        IDatabaseManagedConnection,
    )
    from vdk.internal.builtin_plugins.connection.managed_connection_base import (
        ManagedConnectionBase,
    )

    hooks = MagicMock(spec=ConnectionHookSpec)
    factory = MagicMock(spec=ConnectionHookSpecFactory)
    factory.get_connection_hook_spec.return_value = hooks
    connection = MagicMock(spec=ManagedConnectionBase)
    connection.db_connection_execute_operation = lambda cursor: (
        IDatabaseManagedConnection().db_connection_execute_operation(cursor)
    )
    cursors = _cursors(
        mock_exception_to_recover,
        mock_operation,
        mock_parameters,
        decoration_operation_callback,
        {"connection_hook_spec_factory": factory, "managed_database_connection": connection},
    )
    return (*cursors, hooks, connection)


def _cursors(exception, operation, parameters, callback, of_managed):
    import logging

    from vdk.internal.builtin_plugins.connection.decoration_cursor import (
        DecorationCursor,
        ManagedOperation,
    )
    from vdk.internal.builtin_plugins.connection.managed_cursor import ManagedCursor
    from vdk.internal.builtin_plugins.connection.pep249.interfaces import PEP249Cursor
    from vdk.internal.builtin_plugins.connection.recovery_cursor import RecoveryCursor

    statement = ManagedOperation(operation, parameters)
    native = MagicMock(spec=PEP249Cursor)
    log = logging.getLogger()
    managed = ManagedCursor(cursor=native, log=log, **of_managed)
    decoration = DecorationCursor(native, None, statement)
    recovery = RecoveryCursor(
        native_cursor=native,
        log=log,
        exception=exception,
        managed_operation=statement,
        decoration_operation_callback=callback,
    )
    return native, managed, decoration, recovery
