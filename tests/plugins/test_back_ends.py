"""Connections, properties, secrets and templates of plugins."""

import pytest

CONNECTION = """
    import sqlite3
    opened = []

    def connect():
        opened.append(1)
        return sqlite3.connect(os.environ["VDK_SQLITE_FILE"], isolation_level=None)

    @hookimpl
    def initialize_job(context):
        context.connections.add_open_connection_factory_method("{type}", {factory})

    @hookimpl
    def finalize_job(context):
        note("opened", len(opened))
"""

MANAGED = """
    from vdk.internal.builtin_plugins.connection.managed_connection_base import ManagedConnectionBase

    class Managed(ManagedConnectionBase):
        def _connect(self):
            return connect()

        def db_connection_decorate_operation(self, decoration_cursor):
            managed = decoration_cursor.get_managed_operation()
            managed.set_operation(managed.get_operation().replace("41", "42"))

        def db_connection_recover_operation(self, recovery_cursor):
            recovery_cursor.execute("create table missing as select 7 as a")
            recovery_cursor.retry_operation()
"""


def connection(factory="connect", type="Sample", more=""):
    import textwrap

    source = textwrap.dedent(CONNECTION).replace("{type}", type).replace("{factory}", factory)
    return source + textwrap.dedent(more)


def test_any_pep_249_connection_passes_through_the_managed_cursor(stage):
    stage.plugin(
        connection()
        + """
@hookimpl
def db_connection_before_operation(operation):
    note(operation.get_operation().splitlines()[-1])
"""
    )
    stage.body("print(job_input.execute_query('select 1', database='sample'))")
    stage.step("select 2", "20_query.sql")
    ended = stage.run(VDK_DB_DEFAULT_TYPE="sample").succeeded()
    assert ended.stdout == "[(1,)]\n"
    assert ["select 1"] in ended.notes and ["select 2"] in ended.notes
    assert ["opened", 1] in ended.notes


def test_a_managed_connections_own_methods_take_part(stage):
    stage.plugin(connection("lambda: Managed()", more=MANAGED))
    stage.body(
        """
        print(job_input.execute_query("select 41"))
        print(job_input.execute_query("select a from missing"))
        print(type(job_input.get_managed_connection()).__name__)
        """
    )
    ended = stage.run(VDK_DB_DEFAULT_TYPE="sample").succeeded()
    assert ended.stdout.splitlines() == ["[(42,)]", "[(7,)]", "Managed"]


def test_a_plugins_connection_alone_is_the_default(stage):
    stage.plugin(connection()).step("create table t as select 5 as a", "20_query.sql")
    stage.run(VDK_DB_DEFAULT_TYPE="").succeeded()
    assert stage.rows("select a from t") == [(5,)]


def test_a_factory_that_gives_nothing_is_a_configuration_error(stage):
    stage.plugin(connection("lambda: None")).step("select 1", "20_query.sql")
    ended = stage.run(VDK_DB_DEFAULT_TYPE="sample")
    assert ended.exit == 1
    ended.says("The connection type 'sample' gave no connection.")


def test_a_factory_that_fails_shows_its_own_exception(stage):
    stage.plugin(connection("lambda: 1 / 0")).step("select 1", "20_query.sql")
    ended = stage.run(VDK_DB_DEFAULT_TYPE="sample")
    assert ended.exit == 1
    ended.says("ZeroDivisionError: division by zero")


@pytest.mark.parametrize(
    ("distribution", "native_engines", "opened"),
    [("vdk-sqlite", "true", 0), ("vdk-sqlite", "false", 1), ("another", "true", 1)],
)
def test_the_programs_engine_stays_where_upstreams_plugin_of_it_is_installed(
    stage, distribution, native_engines, opened
):
    stage.plugin(connection(type="sqlite"), distribution)
    stage.body("print(job_input.execute_query('select 1'))")
    ended = stage.run(VDK_NATIVE_ENGINES=native_engines).succeeded()
    assert ended.stdout == "[(1,)]\n"
    assert ended.notes == [["opened", opened]]


PROPERTIES = """
    from vdk.api.plugin.plugin_input import {interface}

    stored = {{"start": 1}}

    class Client({interface}):
        def read_{kind}(self, job_name, team_name):
            note("read", job_name, team_name)
            return dict(stored)

        def write_{kind}(self, job_name, team_name, {kind}):
            note("write", job_name, {kind})
            stored.clear()
            stored.update({kind})
            return {kind}

    class Stamp({interface}):
        def read_{kind}(self, job_name, team_name):
            raise NotImplementedError

        def write_{kind}(self, job_name, team_name, {kind}):
            if "refused" in {kind}:
                raise ValueError("no such thing")
            return dict({kind}, stamp=True and 1)

    @hookimpl
    def initialize_job(context):
        context.{kind}.set_{kind}_factory_method("sample", lambda: Client())
        context.{kind}.set_{kind}_factory_method("stamp", Stamp)
        assert context.{kind}.has_{kind}_impl() in (True, False)
"""


@pytest.mark.parametrize(
    ("kind", "interface"),
    [("properties", "IPropertiesServiceClient"), ("secrets", "ISecretsServiceClient")],
)
def test_properties_and_secrets_live_in_a_plugin(stage, kind, interface):
    stage.plugin(PROPERTIES.format(kind=kind, interface=interface))
    (stage.job / "config.ini").write_text("[owner]\nteam = owls\n")
    stage.body(
        f"""
        print(job_input.get_all_{kind}())
        job_input.set_all_{kind}({{"a": [1, {{"b": None}}]}})
        print(job_input.get_all_{kind}())
        try:
            job_input.set_all_{kind}({{"refused": 1}})
        except Exception as error:
            print(type(error).__name__)
        """
    )
    name = kind.upper()
    ended = stage.run(
        **{
            f"VDK_{name}_DEFAULT_TYPE": "sample",
            f"VDK_{name}_WRITE_PREPROCESS_SEQUENCE": "stamp",
        }
    ).succeeded()
    assert ended.stdout.splitlines()[:2] == [
        "{'start': 1}",
        "{'a': [1, {'b': None}], 'stamp': 1}",
    ]
    assert ended.notes == [
        ["read", "job", "owls"],
        ["write", "job", {"a": [1, {"b": None}], "stamp": 1}],
        ["read", "job", "owls"],
    ]


def test_the_only_back_end_of_a_plugin_is_the_default(stage):
    stage.plugin(
        PROPERTIES.format(kind="properties", interface="IPropertiesServiceClient")
        .replace('factory_method("stamp"', 'factory_method("sample"')
        .replace('("sample", Stamp)', '("sample", Client)')
    )
    stage.body("print(job_input.get_property('start'))")
    assert stage.run().succeeded().stdout == "1\n"


def test_secrets_of_a_plugin_override_options(stage):
    stage.plugin(
        """
        class Client:
            def read_secrets(self, job_name, team_name):
                return {"sample_key": "from the secret"}

            def write_secrets(self, job_name, team_name, secrets):
                return secrets

        @hookimpl
        def vdk_configure(config_builder):
            config_builder.add("sample_key", "default")

        @hookimpl
        def initialize_job(context):
            context.secrets.set_secrets_factory_method("sample", Client)

        @hookimpl
        def run_job(context):
            note(context.core_context.configuration.get_value("sample_key"))
        """
    ).body("pass")
    ended = stage.run().succeeded()
    assert ended.notes == [["from the secret"]]


def test_a_template_of_a_plugin_runs_with_contexts_of_its_own(stage):
    folder = stage.root / "template"
    folder.mkdir()
    (folder / "10_make.sql").write_text("create table t as select '{name}' as a")
    (folder / "20_seen.py").write_text(
        "def run(job_input):\n    job_input.get_arguments()['seen'] = job_input.get_name()\n"
    )
    stage.plugin(
        f"""
        import pathlib

        @hookimpl
        def initialize_job(context):
            note(context.name, str(context.job_directory.name), sorted(context.job_args))
            context.templates.add_template("make", pathlib.Path({str(folder)!r}))
            from vdk.internal.builtin_plugins.run.execution_state import ExecutionStateStoreKeys as Keys
            note(context.core_context.state.get(Keys.TEMPLATE_NAME))
        """
    ).body(
        """
        arguments = {"name": "x"}
        result = job_input.execute_template("make", arguments)
        print(result.is_success(), [step.name for step in result.steps_list], arguments["seen"])
        """
    )
    ended = stage.run().succeeded()
    assert ended.stdout == "True ['10_make.sql', '20_seen.py'] job\n"
    assert stage.rows("select a from t") == [("x",)]
    assert ended.notes == [
        ["job", "job", []],
        [None],
        ["job", "template", ["name"]],
        ["make"],
    ]


def test_the_exception_of_a_template_is_the_very_object(stage):
    folder = stage.root / "template"
    folder.mkdir()
    (folder / "10_fail.py").write_text(
        "def run(job_input):\n    error = KeyError('own')\n    error.mark = 'mine'\n    raise error\n"
    )
    stage.plugin(
        f"""
        @hookimpl
        def initialize_job(context):
            context.templates.add_template("fail", {str(folder)!r})

        @hookimpl(hookwrapper=True)
        def run_job(context):
            yield
        """
    ).body(
        """
        try:
            job_input.execute_template("fail", {})
        except KeyError as error:
            print(error.mark)
        """
    )
    assert stage.run().succeeded().stdout == "mine\n"
