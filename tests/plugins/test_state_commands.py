"""`vdk properties` and `vdk secrets` on the back end that a plugin of Python brings."""

import json

import pytest

STORE = """
    import json, os
    from vdk.api.plugin.plugin_input import I{Kind}ServiceClient

    FILE = os.environ["NOTES"] + ".store"

    class Store(I{Kind}ServiceClient):
        def read_{kind}(self, job_name, team_name):
            note("read", job_name, team_name)
            return json.load(open(FILE)) if os.path.exists(FILE) else {{}}

        def write_{kind}(self, job_name, team_name, {kind}):
            note("write", job_name, team_name)
            json.dump({kind}, open(FILE, "w"))

    @hookimpl
    def initialize_job(context):
        context.{kind}.set_{kind}_factory_method("kept-here", Store)
"""
KINDS = ["properties", "secrets"]


@pytest.fixture(params=KINDS)
def kind(request, stage):
    stage.plugin(STORE.format(kind=request.param, Kind=request.param.capitalize()))
    stage.env[f"VDK_{request.param.upper()}_DEFAULT_TYPE"] = "kept-here"
    (stage.job / "config.ini").write_text("[owner]\nteam = the team\n")
    return request.param


def command(stage, kind, *words, **env):
    ended = stage.run(kind, *words, **env)
    assert ended.exit == 0, ended.stderr
    return ended


def test_a_plugins_back_end_is_read_and_written(stage, kind):
    command(stage, kind, "job", "--set", "a", "1", "--set", "b", "2")
    command(stage, kind, "job", "--delete", "b")
    assert json.loads(command(stage, kind, "job", "--list", "-o", "json").stdout) == {"a": "1"}
    assert command(stage, kind, "job", "--get", "a").stdout == "1\n"
    assert {tuple(note[1:]) for note in stage.notes()} == {("job", "the team")}


def test_name_and_team_may_be_given(stage, kind):
    command(stage, kind, "--name", "other", "--team", "others", "--set", "a", "1")
    assert ["write", "other", "others"] in stage.notes()


def test_the_only_back_end_of_a_plugin_is_the_default(stage, kind):
    del stage.env[f"VDK_{kind.upper()}_DEFAULT_TYPE"]
    command(stage, kind, "job", "--set", "a", "1")
    assert ["write", "job", "the team"] in stage.notes()


def test_without_a_back_end_of_a_plugin_the_file_keeps_them(stage):
    stage.plugin("")
    command(stage, "properties", "job", "--set", "a", "1")
    assert command(stage, "properties", "job", "--get", "a").stdout == "1\n"


def test_a_back_end_that_fails_is_named(stage):
    stage.plugin(
        """
        class Store:
            def read_properties(self, job_name, team_name):
                raise RuntimeError("the service is closed")

        @hookimpl
        def initialize_job(context):
            context.properties.set_properties_factory_method("default", Store)
        """
    )
    ended = stage.run("properties", "job", "--list")
    assert ended.exit == 1
    ended.says("RuntimeError: the service is closed")


@pytest.mark.parametrize("with_commands", [False, True])
def test_the_config_ini_of_the_named_job_counts(stage, with_commands):
    if with_commands:  # then click parses
        stage.plugin("@hookimpl\ndef vdk_command_line(root_command):\n    pass\n")
    else:
        stage.plugin("")
    (stage.job / "config.ini").write_text("[vdk]\nproperties_default_type = no-such-type\n")
    ended = stage.run("properties", "job", "--list")
    assert ended.exit == 1
    ended.says("There is no back end 'no-such-type' for properties.")
    shown = json.loads(command(stage, "config", "job", "-o", "json").stdout)
    (option,) = [one for one in shown if one["key"] == "properties_default_type"]
    assert option["value"] == "no-such-type"
