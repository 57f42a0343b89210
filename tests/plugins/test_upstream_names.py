"""Everything that upstream's plugins import of its core can be imported, and has the members that they use."""

import pytest

# As the scan of upstream's plugins found them (sdk 9.1), and what jobs and tests of plugins use besides.
NAMES = {
    "vdk.api.data_job": "IStandaloneDataJob",
    "vdk.api.job_input": "IJobInput IIngester IJobArguments IProperties ISecrets ITemplate IManagedConnection",
    "vdk.api.plugin.connection_hook_spec": "ConnectionHookSpec",
    "vdk.api.plugin.core_hook_spec": "CoreHookSpecs JobRunHookSpecs",
    "vdk.api.plugin.hook_markers": "hookimpl hookspec GROUP_NAME",
    "vdk.api.plugin.plugin_input": (
        "IIngesterPlugin IIngesterRegistry IManagedConnectionRegistry IPropertiesRegistry IPropertiesServiceClient "
        "ISecretsRegistry ISecretsServiceClient ITemplateRegistry PEP249Connection"
    ),
    "vdk.api.plugin.plugin_registry": "HookCallResult IPluginRegistry PluginException PluginHookRelay",
    "vdk.api.plugin.plugin_utils": "set_defaults_for_all_commands set_defaults_for_specific_command",
    "vdk.internal": "cli_entry",
    "vdk.internal.builtin_plugins.config": "vdk_config",
    "vdk.internal.builtin_plugins.config.job_config": "JobConfigKeys",
    "vdk.internal.builtin_plugins.config.vdk_config": (
        "LOG_CONFIG LOG_LEVEL_VDK LOG_LEVEL_MODULE TEAM_CLIENT_ID TEAM_CLIENT_SECRET TEAM_OAUTH_AUTHORIZE_URL"
    ),
    "vdk.internal.builtin_plugins.connection.connection_hooks": (
        "ConnectionHookSpecFactory DefaultConnectionHookImpl"
    ),
    "vdk.internal.builtin_plugins.connection.database_managed_connection": "IDatabaseManagedConnection",
    "vdk.internal.builtin_plugins.connection.decoration_cursor": "DecorationCursor ManagedOperation",
    "vdk.internal.builtin_plugins.connection.execution_cursor": (
        "ExecuteOperationResult ExecutionCursor"
    ),
    "vdk.internal.builtin_plugins.connection.impl.router": "ManagedConnectionRouter",
    "vdk.internal.builtin_plugins.connection.impl.wrapped_connection": "WrappedConnection",
    "vdk.internal.builtin_plugins.connection.managed_connection_base": "ManagedConnectionBase",
    "vdk.internal.builtin_plugins.connection.managed_cursor": "ManagedCursor",
    "vdk.internal.builtin_plugins.connection.pep249.interfaces": "PEP249Connection PEP249Cursor",
    "vdk.internal.builtin_plugins.connection.proxy_cursor": "ProxyCursor",
    "vdk.internal.builtin_plugins.connection.recovery_cursor": "ManagedOperation RecoveryCursor",
    "vdk.internal.builtin_plugins.ingestion.exception": (
        "EmptyPayloadIngestionException IngestionException InvalidArgumentsIngestionException "
        "InvalidPayloadTypeIngestionException JsonSerializationIngestionException PayloadIngestionException "
        "PostProcessPayloadIngestionException PreProcessPayloadIngestionException"
    ),
    "vdk.internal.builtin_plugins.ingestion.ingester_base": "IIngesterPlugin",
    "vdk.internal.builtin_plugins.ingestion.ingester_router": "IngesterRouter",
    "vdk.internal.builtin_plugins.internal_hookspecs": "InternalHookSpecs",
    "vdk.internal.builtin_plugins.job_properties.exception": (
        "PropertiesException WritePreProcessPropertiesException"
    ),
    "vdk.internal.builtin_plugins.job_secrets.exception": (
        "SecretsException WritePreProcessSecretsException"
    ),
    "vdk.internal.builtin_plugins.run": "standalone_data_job",
    "vdk.internal.builtin_plugins.run.cli_run": "run",
    "vdk.internal.builtin_plugins.run.data_job": "DataJob",
    "vdk.internal.builtin_plugins.run.execution_results": "ExecutionResult StepResult",
    "vdk.internal.builtin_plugins.run.execution_state": "ExecutionStateStoreKeys",
    "vdk.internal.builtin_plugins.run.file_based_step": "StepFuncFactory TYPE_PYTHON TYPE_SQL",
    "vdk.internal.builtin_plugins.run.job_context": "JobContext",
    "vdk.internal.builtin_plugins.run.job_input": "JobInput",
    "vdk.internal.builtin_plugins.run.job_input_error_classifier": "is_user_error whom_to_blame",
    "vdk.internal.builtin_plugins.run.run_status": "ExecutionStatus",
    "vdk.internal.builtin_plugins.run.standalone_data_job": (
        "StandaloneDataJob StandaloneDataJobFactory"
    ),
    "vdk.internal.builtin_plugins.run.step": "Step StepBuilder StepFunction",
    "vdk.internal.builtin_plugins.run.summary_output": "JobSummaryParser",
    "vdk.internal.builtin_plugins.termination_message.writer": "TerminationMessageWriterPlugin",
    "vdk.internal.cli_entry": "CliEntry cli",
    "vdk.internal.core": "errors",
    "vdk.internal.core.config": "ConfigEntry Configuration ConfigurationBuilder convert_value_to_type_of_default_type",
    "vdk.internal.core.context": "CoreContext",
    "vdk.internal.core.error_classifiers": "ResolvableBy ResolvableByActual",
    "vdk.internal.core.errors": (
        "BaseVdkError DomainError ErrorMessage MSG_CONSEQUENCE_DELEGATING_TO_CALLER__LIKELY_EXECUTION_FAILURE "
        "MSG_CONSEQUENCE_TERMINATING_APP MSG_WHY_FROM_EXCEPTION PlatformServiceError ResolvableBy "
        "ResolvableByActual SkipRemainingStepsException UserCodeError VdkConfigurationError "
        "clear_intermediate_errors exception_matches find_whom_to_blame_from_exception "
        "get_exception_resolvable_by get_exception_resolvable_by_actual log_and_rethrow log_and_throw "
        "log_exception report report_and_rethrow report_and_throw resolvable_context "
        "set_exception_resolvable_by"
    ),
    "vdk.internal.core.logging": "bind_logger",
    "vdk.internal.core.statestore": "CommonStoreKeys ImmutableStoreKey StateStore StoreKey",
    "vdk.internal.plugin.plugin": "PluginRegistry",
    "vdk.internal.plugin.plugin_manager": "VdkPluginManager",
    "vdk.internal.util.decorators": "LogDecorator closing_noexcept_on_close",
    "vdk.internal.util.utils": "class_fqname log_plugin_load_fail parse_config_sequence",
}


@pytest.mark.parametrize("module", NAMES)
def test_names_that_upstreams_plugins_import_are_there(stage, module):
    stage.python(f"from {module} import {', '.join(NAMES[module].split())}")


def test_what_a_job_has_is_of_the_classes_that_plugins_name(stage):
    stage.plugin(
        """
        from vdk.internal.builtin_plugins.connection.impl.router import ManagedConnectionRouter
        from vdk.internal.builtin_plugins.ingestion.ingester_router import IngesterRouter

        @hookimpl
        def initialize_job(context):
            note(isinstance(context.connections, ManagedConnectionRouter), isinstance(context.ingester, IngesterRouter))
        """
    ).body("pass")
    assert stage.run().succeeded().notes == [[True, True]]


def test_a_router_of_connections_works_without_a_job(stage):
    out = stage.python(
        """
import sqlite3
from vdk.internal.builtin_plugins.connection.impl.router import ManagedConnectionRouter
from vdk.internal.core.config import ConfigurationBuilder
from vdk.internal.core.errors import VdkConfigurationError

def router(default=None):
    return ManagedConnectionRouter(ConfigurationBuilder().add("db_default_type", default).build(), None)

one = router()
one.add_open_connection_factory_method("Memory", lambda: sqlite3.connect(":memory:"))
connection = one.open_default_connection()
assert connection is one.open_connection("MEMORY")
assert connection.execute_query("select 1") == [(1,)]
one.add_open_connection_factory_method("empty", lambda: None)
for work in (one.open_default_connection, lambda: one.open_connection("empty"), lambda: one.open_connection("other")):
    try:
        work()
    except VdkConfigurationError as error:
        print(error)
named = router("memory")
named.add_open_connection_factory_method("other", lambda: None)
named.add_open_connection_factory_method("memory", lambda: sqlite3.connect(":memory:"))
named.open_default_connection().execute_query("select 1")
"""
    )
    missing, empty, other = out.splitlines()
    assert "'None'" in missing and "memory, empty" in missing
    assert "gave no connection" in empty
    assert "'other'" in other
