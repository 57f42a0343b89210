"""Plugins change the command line: with them it is a group of click, made from the program's table of commands."""

import os
import subprocess
import sys
import textwrap

import pytest
from stage import VDK

from .conftest import PACKAGE

SAYS = "from vdk.api.plugin.hook_markers import hookimpl\nimport click\n"


def install(stage, name, source, group="vdk.plugin.run", value=None):
    """A distribution with one entry point in the job's environment."""
    site = stage.root / "site"
    information = site / f"{name}-1.0.dist-info"
    information.mkdir(parents=True)
    (site / f"{name}.py").write_text(SAYS + textwrap.dedent(source))
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(f"[{group}]\n{name} = {value or name}\n")
    stage.env["PYTHONPATH"] = str(site)


def change(stage, body):
    install(
        stage,
        "changes",
        "@hookimpl(trylast=True)\ndef vdk_command_line(root_command):\n"
        + textwrap.indent(textwrap.dedent(body), "    "),
    )


COMMANDS = [
    line.split()[0]
    for line in subprocess.run([VDK, "--help"], capture_output=True, text=True, check=True)
    .stdout.partition("Commands:\n")[2]
    .splitlines()
    if line[2:3].strip()
]


def test_help_is_the_same_as_without_click(stage):
    plain = {name: stage.run(name, "--help").stdout for name in COMMANDS}
    plain[""] = stage.run("--help").stdout
    assert "run" in plain
    change(stage, "pass")
    for name, text in plain.items():
        assert stage.run(*([name] if name else []), "--help").stdout == text
    assert stage.run("-v", "info").stdout == plain[""]


@pytest.mark.parametrize(
    "words",
    [
        ["--version"],
        ["run", "no-such-job"],
        ["run"],
        ["run", "job", "--no-such-option"],
        ["run", "job", "superfluous"],
        ["sql-query"],
        ["sql-query", "-q", "select 1", "-o", "bad"],
        ["-v", "bad", "run", "job"],
        ["no-such-command"],
        ["rum", "job"],
        ["sql", "select 1 as a", "-o", "JSON"],
        ["sql", "select * from no_such_table"],
        ["run", "job", "--arguments", "{"],
        ["config", "job"],
    ],
    ids=" ".join,
)
def test_words_mean_the_same_as_without_click(stage, words):
    plain = stage.run(*words)
    change(stage, "pass")
    changed = stage.run(*words)
    assert (changed.exit, changed.status) == (plain.exit, plain.status), changed.stderr
    assert changed.stdout == plain.stdout
    if plain.exit == 2:
        assert changed.stderr.startswith("Usage: ")


def test_a_changed_default_takes_effect(stage):
    stage.body("print(job_input.get_arguments())")
    change(
        stage,
        """
        from vdk.api.plugin.plugin_utils import set_defaults_for_specific_command
        set_defaults_for_specific_command(root_command, "run", {"arguments": '{"a": 1}'})
        """,
    )
    assert stage.run().succeeded().stdout == "{'a': 1}\n"
    assert stage.run("run", "job", "--arguments", '{"a": 2}').stdout == "{'a': 2}\n"
    assert '[default: {"a": 1}]' in stage.run("run", "--help").stdout


def test_defaults_of_all_commands_are_changed_at_once(stage):
    change(
        stage,
        """
        from vdk.api.plugin.plugin_utils import set_defaults_for_all_commands
        defaults = {"output": "json", "unknown": 1}
        set_defaults_for_all_commands(root_command, defaults)
        assert defaults == {"unknown": 1}
        """,
    )
    assert (
        stage.run("sql", "select 1 as a").stdout
        == stage.run("sql", "select 1 as a", "-o", "json").stdout
    )


def test_defaults_for_a_command_that_does_not_exist_are_an_error(stage):
    stage.body("pass")
    change(
        stage,
        """
        from vdk.api.plugin.plugin_utils import set_defaults_for_specific_command
        set_defaults_for_specific_command(root_command, "rum", {"arguments": "{}"})
        """,
    )
    ended = stage.run()
    assert ended.exit == 1
    ended.says("command 'rum', which does not exist")


def test_an_added_option_and_a_wrapped_callback_take_effect(stage):
    stage.body("print(job_input.get_arguments())")
    change(
        stage,
        """
        run = root_command.commands["run"]
        run.params.append(click.Option(["--day"], help="The day."))
        plain = run.callback
        def wrapped(day=None, **values):
            click.echo(f"before {day}")
            plain(**{**values, "arguments": '{"day": "%s"}' % day})
            click.echo("after")
        run.callback = wrapped
        """,
    )
    ended = stage.run("run", "--day", "Monday", "job").succeeded()
    assert ended.stdout == "before Monday\n{'day': 'Monday'}\nafter\n"
    assert "--day TEXT" in stage.run("run", "--help").stdout


def test_the_configuration_of_the_job_counts_wherever_its_directory_stands(stage):
    stage.body("print(job_input.get_arguments(), job_input.get_name())")
    (stage.job / "config.ini").write_text("[vdk]\nlog_level_vdk = ERROR\n")
    change(stage, "pass")
    ended = stage.run("run", "--arguments", '{"a": 1}', "job").succeeded()
    assert "Entering" not in ended.stderr


def test_a_command_of_a_plugin_gets_the_context_and_may_invoke_run(stage):
    stage.body("print('ran', job_input.get_arguments())")
    change(
        stage,
        """
        from vdk.internal.builtin_plugins.run.cli_run import run
        @root_command.command()
        @click.option("--times", type=int, default=1)
        @click.pass_context
        def repeat(context, times):
            "Run it again."
            configuration = context.obj.configuration
            click.echo(configuration.get_value("db_default_type"))
            for number in range(times):
                context.invoke(run, data_job_directory="job", arguments='{"number": %d}' % number)
        """,
    )
    ended = stage.run("repeat", "--times", "2")
    assert ended.exit == 0, ended.stderr
    assert ended.stdout == "sqlite\nran {'number': 0}\nran {'number': 1}\n"
    assert "  repeat           Run it again.\n" in stage.run("--help").stdout


def test_a_failed_job_gives_its_exception_to_whoever_invoked_it_and_exits_with_1(stage):
    stage.body("raise ValueError('mine')")
    change(
        stage,
        """
        run = root_command.commands["run"]
        plain = run.callback
        def wrapped(**values):
            try:
                plain(**values)
            except ValueError as error:
                click.echo(f"saw {error}")
                raise
        run.callback = wrapped
        """,
    )
    ended = stage.run()
    assert (ended.exit, ended.status) == (1, "User error")
    assert ended.stdout == "saw mine\n"
    assert ended.stderr.count("ValueError: mine") == 1


def test_a_step_that_exits_decides_the_exit_code(stage):
    stage.body("import sys; sys.exit(3)")
    change(stage, "pass")
    assert stage.run().exit == 3


def test_an_exception_of_a_plugins_command_is_reported_and_exits_with_1(stage):
    change(
        stage,
        """
        @root_command.command()
        def fail():
            raise RuntimeError("not today")
        """,
    )
    ended = stage.run("fail")
    assert ended.exit == 1
    ended.says("RuntimeError: not today")


def test_hooks_of_a_command_come_in_upstreams_order(stage):
    hooks = (
        "vdk_start vdk_command_line vdk_configure vdk_initialize initialize_job run_job run_step "
        "finalize_job vdk_exit"
    ).split()
    install(
        stage,
        "observer",
        "".join(
            f"@hookimpl\ndef {hook}({'context, exit_code' if hook == 'vdk_exit' else ''}):\n"
            f"    print({hook!r}{', exit_code' if hook == 'vdk_exit' else ''})\n"
            for hook in hooks
        ),
    )
    stage.body("pass")
    assert stage.run().succeeded().stdout.split("\n")[:-1] == [*hooks[:-1], "vdk_exit 0"]


def test_commands_of_the_group_vdk_plugin_cli_are_commands(stage):
    install(
        stage,
        "greets",
        "@click.command()\n@click.argument('name')\ndef greet(name):\n    'Greet.'\n    click.echo(f'Hi {name}')\n",
        group="vdk.plugin.cli",
        value="greets:greet",
    )
    assert stage.run("greets", "Ada").stdout == "Hi Ada\n"


def test_a_command_that_cannot_be_loaded_says_so_when_it_is_called_and_not_before(stage):
    install(stage, "broken", "import no_such_module\n", group="vdk.plugin.cli", value="broken:it")
    assert stage.run("sql", "select 1").exit == 0
    ended = stage.run("broken")
    assert ended.exit == 1
    ended.says("No module named 'no_such_module'", "broken of broken 1.0 cannot be loaded")


def embedded(stage, source):
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys; sys.path.insert(0, {str(PACKAGE)!r})\n" + textwrap.dedent(source),
        ],
        cwd=stage.root,
        env=stage.env | {"PYTHONPATH": os.environ.get("PYTHONPATH", "")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


RUNNER = """
import click
from click.testing import CliRunner
from vdk.api.plugin.hook_markers import hookimpl
from vdk.internal import cli_entry
from vdk.internal.builtin_plugins.internal_hookspecs import InternalHookSpecs
from vdk.internal.plugin.plugin import PluginRegistry

class InRunner:
    @hookimpl(tryfirst=True)
    def vdk_cli_execute(self, root_command, command_line_args, program_name, core_context):
        self.result = CliRunner().invoke(root_command, command_line_args, obj=core_context, prog_name=program_name)
        return self.result.exit_code

def invoke(words, *plugins):
    registry = PluginRegistry()
    registry.add_hook_specs(InternalHookSpecs)
    registry.load_plugin_with_hooks_impl(cli_entry.CliEntry(), "cli-entry")
    runner = InRunner()
    for plugin in (runner, *plugins):
        registry.load_plugin_with_hooks_impl(plugin)
    code = registry.hook().vdk_main(
        plugin_registry=registry, root_command=cli_entry.cli, command_line_args=words
    )
    return code, runner.result
"""


def test_the_command_line_may_be_called_again_with_other_plugins(stage):
    stage.body("print('step', job_input.get_arguments())")
    out = embedded(
        stage,
        RUNNER
        + """
class Adds:
    def __init__(self, name):
        self.name = name
    @hookimpl
    def vdk_command_line(self, root_command):
        root_command.add_command(click.Command(self.name, callback=lambda: click.echo(self.name)))
for name in "one", "two":
    code, result = invoke([name], Adds(name))
    assert code == 0 and result.output == name + "\\n", result.output
    code, result = invoke(["run", "job", "--arguments", '{"of": "%s"}' % name])
    assert code == 0 and "step {'of': '%s'}" % name in result.stdout, result.output
code, result = invoke(["one"], Adds("two"))
assert code == 2
print("done")
""",
    )
    assert out == "done\n"


def test_a_runner_gets_the_exception_of_the_step(stage):
    stage.body("raise ValueError('mine')")
    out = embedded(
        stage,
        RUNNER + "\ncode, result = invoke(['run', 'job'])\nprint(code, repr(result.exception))",
    )
    assert out == "1 ValueError('mine')\n"
