"""`vdk plugins --load` and `vdk doctor` in an environment with plugins of Python."""

import json

HEAVY = """
    import click
    import slow_library
    from vdk.api.plugin.hook_markers import hookimpl

    class Inner:
        @hookimpl(hookwrapper=True)
        def run_step(self, context, step):
            yield

    @hookimpl
    def vdk_start(plugin_registry):
        plugin_registry.load_plugin_with_hooks_impl(Inner(), "the-inner-one")

    @hookimpl(trylast=True)
    def initialize_job(context):
        pass

    @click.command()
    def greet():
        pass

    @hookimpl
    def vdk_command_line(root_command):
        root_command.add_command(greet)
"""


def listed(stage, **env):
    ended = stage.run("plugins", "--load", "--output", "json", **env)
    assert ended.exit == 0, ended.stderr
    return {plugin["name"]: plugin for plugin in json.loads(ended.stdout)}


def test_a_plugin_is_listed_with_hooks_commands_load_time_and_slowest_imports(stage):
    stage.plugin(HEAVY, "heavy", "2.1")
    (stage.site / "slow_library.py").write_text("import xml.dom.minidom\n")
    heavy = listed(stage)["heavy"]
    assert (heavy["version"], heavy["kind"], heavy["state"]) == ("2.1", "python", "loaded")
    assert heavy["contributions"] == ["vdk.plugin.run heavy", "command greet"]
    assert sorted(heavy["hooks"]) == [
        "initialize_job:last",
        "run_step:wrapper",
        "vdk_command_line",
        "vdk_start",
    ]
    times = [cost["milliseconds"] for cost in heavy["imports"]]
    assert times == sorted(times, reverse=True)
    assert {"click", "slow_library"} <= {cost["module"] for cost in heavy["imports"]}
    assert heavy["load_milliseconds"] >= times[0] > 0
    text = stage.run("plugins", "--load").stdout
    assert "slow_library, by heavy" in text.partition("Slowest imports:\n")[2]


def test_parts_of_a_plugin_are_no_imports_of_others(stage):
    stage.plugin("import acme.part", "acme", module="acme.plugin")
    (stage.site / "acme" / "part.py").write_text(
        "import colorsys\n__import__('acme.other', globals(), fromlist=['name'])\n"
    )
    (stage.site / "acme" / "other.py").write_text("")
    modules = {cost["module"] for cost in listed(stage)["acme"]["imports"]}
    assert "colorsys" in modules
    assert "acme" not in modules


def test_a_plugin_that_cannot_be_loaded_is_listed_with_its_cause(stage):
    stage.plugin("import no_such_module_at_all", "broken-one").plugin("", "sound")
    plugins = listed(stage)
    assert plugins["broken-one"]["state"] == "failed"
    assert "No module named 'no_such_module_at_all'" in plugins["broken-one"]["cause"]
    assert plugins["sound"]["state"] == "loaded"
    ended = stage.run("doctor")
    assert "broken-one 1.0 (python, environment) cannot be used" in ended.stdout


def test_raw_commands_are_loaded_too(stage):
    stage.plugin(
        """
        import click

        @click.command()
        def greet():
            pass
        """,
        "raw",
    )
    (stage.site / "raw-1.0.dist-info" / "entry_points.txt").write_text(
        "[vdk.plugin.cli]\ngreet = raw_plugin:greet\nlost = raw_plugin:lost\n"
    )
    raw = listed(stage)["raw"]
    assert raw["contributions"] == ["vdk.plugin.cli greet", "vdk.plugin.cli lost"]
    assert raw["state"] == "failed"
    assert raw["cause"].startswith("lost: AttributeError")
    assert raw["load_milliseconds"] > 0


def test_nothing_is_loaded_unless_it_is_asked_for(stage):
    stage.plugin("note('loaded')", "sound")
    ended = stage.run("plugins")
    assert ended.exit == 0, ended.stderr
    assert ended.notes == []
    assert ended.stdout.endswith("Hooks, load times and the slowest imports: vdk plugins --load\n")
