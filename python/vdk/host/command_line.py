"""The command line as objects of click, made from the program's table of commands, for plugins to change."""

import copy
import sys
from time import perf_counter

import click

_WIDTH = 100
_WIDEST_LABEL = 34
_LEVELS = "Must be CRITICAL, ERROR, WARNING, INFO or DEBUG, not "


# ---- the group and its commands ---------------------------------------------------------------


class RootGroup(click.Group):
    """`vdk` itself."""

    native = None  # the program that the group was made for
    installed = ()  # vdk.host.plugins.InstalledPlugin, of distributions that bring raw commands

    def __init__(self):
        super().__init__(
            "vdk",
            invoke_without_command=True,
            callback=_help_without_command,
            context_settings={"help_option_names": ["--help", "-h"]},
            params=[
                click.Option(
                    ["-v", "--verbosity"],
                    metavar="LVL",
                    help="Either CRITICAL, ERROR, WARNING, INFO or DEBUG.",
                    is_eager=True,
                    expose_value=False,
                    callback=_set_verbosity,
                ),
                click.Option(
                    ["--version"],
                    is_flag=True,
                    help="Show the version and exit.",
                    is_eager=True,
                    expose_value=False,
                    callback=_show_version,
                ),
            ],
        )

    def add_command(self, cmd, name=None):
        """Adds a command in the place of an earlier one; only upstream's client of the Control Service gives way to the program's own."""
        known = self.commands.get(name or cmd.name)
        module = getattr(getattr(cmd, "callback", None), "__module__", None) or ""
        if isinstance(known, NativeCommand) and module.startswith("vdk.internal.control."):
            return
        super().add_command(cmd, name)

    def format_help(self, ctx, formatter):
        formatter.write(
            "Usage: vdk [OPTIONS] COMMAND [ARGS]...\n\n"
            "  Versatile Data Kit: develop, run and operate data jobs of SQL and Python steps.\n\n"
            "Examples:\n"
            "  vdk create -n my-job       makes a job that runs at once\n"
            "  vdk run my-job             runs it\n"
            "  vdk sql 'select 1'         asks the default database\n\n"
            "Options:\n" + _two_columns(_option_rows(self, ctx)) + "\nCommands:\n"
        )
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        formatter.write(
            _two_columns(
                [(name, _summary(command)) for name, command in commands if not command.hidden]
            )
        )

    def resolve_command(self, ctx, args):
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            near = get_close_matches(args[0], self.list_commands(ctx), 1)
            if near and "Did you mean" not in error.message:
                error.message += f" Did you mean '{near[0]}'?"
            raise


class NativeCommand(click.Command):
    """A command of the program. Its parameters and its callback are anybody's to change."""

    summary = ""
    examples = ""

    def format_help(self, ctx, formatter):
        formatter.write(f"Usage: {ctx.command_path} {' '.join(self.collect_usage_pieces(ctx))}\n\n")
        formatter.write("".join(f"  {line}\n" for line in self.summary.split("\n")))
        if self.examples:
            formatter.write("\nExamples:\n")
            formatter.write("".join(f"  {line}\n" for line in self.examples.split("\n")))
        arguments = [
            (parameter.label, parameter.meaning)
            for parameter in self.params
            if isinstance(parameter, _NativeArgument) and parameter.meaning
        ]
        if arguments:
            formatter.write("\nArguments:\n" + _two_columns(arguments))
        formatter.write("\nOptions:\n" + _two_columns(_option_rows(self, ctx)))


class _NativeArgument(click.Argument):
    def __init__(self, facts):
        self.label = facts["metavar"]
        self.meaning = facts["help"]
        shown = self.label + ("..." if facts["repeated"] else "")
        super().__init__(
            [facts["key"]],
            required=facts["required"],
            nargs=-1 if facts["repeated"] else 1,
            metavar=shown if facts["required"] else f"[{shown}]",
        )

    def get_error_hint(self, ctx):
        return f"'{self.label}'"


class _NativeOption(click.Option):
    def __init__(self, facts):
        kind = {}
        if facts["choices"]:
            kind = {"type": click.Choice(facts["choices"], case_sensitive=False)}
        elif not facts["metavar"]:
            kind = {"is_flag": True}
        else:
            kind = {"metavar": facts["metavar"]}
        if facts["repeated"]:
            kind["multiple"] = True
        elif facts["default"]:
            kind["default"] = facts["default"]
        super().__init__(
            [*facts["names"].split(","), facts["key"]],
            help=facts["help"],
            required=facts["required"],
            hidden=facts["hidden"],
            nargs=facts["values"],
            **kind,
        )


def make_command(native, number, facts):
    """The command of click for one of the program's. `native` runs it under its number."""
    parameters = [_NativeOption(option) for option in facts["options"]]
    parameters += [_NativeArgument(argument) for argument in facts["arguments"]]
    keys = {parameter.name for parameter in parameters}

    def run(**values):
        given = {}
        for key, value in values.items():
            # What plugins added is theirs.
            if key in keys and value is not None and value is not False:
                words = ["true"] if value is True else value
                words = [words] if isinstance(words, str) else words
                words = words if isinstance(words, (list, tuple)) else [words]
                if words:
                    given[key] = [str(word) for word in words]
        exit_code, failure = native.run(number, given)
        if failure is not None:
            _Reported.last = (failure, exit_code)
            raise failure
        if exit_code != 0:
            raise click.exceptions.Exit(exit_code)

    command = NativeCommand(
        facts["name"],
        params=parameters,
        callback=run,
        hidden=facts["hidden"],
        help=facts["summary"],
        short_help=facts["summary"].partition("\n")[0],
    )
    command.summary = facts["summary"]
    command.examples = facts["examples"]
    return command


class _Reported:
    """The exception that the program has printed and asked the plugins about already, and its exit code."""

    last = (None, 0)


def make_group(native, given):
    """The group of one command line. `given` is copied: what one command line adds is not the next one's."""
    group = copy.copy(given) if given is not None else new_root()
    group.native = native
    group.params = list(group.params)
    if hasattr(group, "commands"):
        group.commands = dict(group.commands)
    return group


def new_root():
    """The group, with the commands of distributions that bring raw ones."""
    from vdk.host import plugins

    root = RootGroup()
    root.installed = plugins.installed("vdk.plugin.cli")
    for plugin in root.installed:
        began = perf_counter()
        try:
            root.add_command(plugins.resolve(plugin.value), plugin.name)
        except (Exception, SystemExit) as error:
            plugin.failure = plugins.cause_of(error)
            root.add_command(_broken(plugin))
        plugin.seconds = perf_counter() - began
    return root


def _broken(plugin):
    import traceback

    trace = traceback.format_exc()
    reason = (
        f"The command {plugin.name} of {plugin.distribution} {plugin.version} cannot be loaded."
    )

    def complain():
        sys.stderr.write(f"{trace}\n{reason}\n")
        raise click.exceptions.Exit(1)

    return click.Command(plugin.name, callback=complain, help=reason, short_help=reason)


# ---- one command line -------------------------------------------------------------------------


def configure(native, root, words):
    """Commands of plugins expect a configuration: that of the job which the words name, if they name one."""
    native.configure(*_job_and_settings(root, words))


def execute(native, hook, root, words, context):
    """Runs the words; returns the exit code."""
    from vdk.internal.cli_entry import run_group

    _Reported.last = (None, 0)
    try:
        exit_code = hook.vdk_cli_execute(
            root_command=root,
            command_line_args=words,
            program_name="vdk",
            core_context=context,
        )
        if exit_code is None:
            exit_code = run_group(root, words, "vdk", context)
    except BaseException as error:
        reported, exit_code = _Reported.last
        if error is not reported:
            raise
    finally:
        reported = None
        _Reported.last = (None, 0)
    if exit_code == 2 and "run" in words:
        native.refuse_run()
    return exit_code


def _job_and_settings(root, words):
    """What `run DIRECTORY -c KEY=VALUE` says, as far as the words can be understood; nothing is called for it."""
    try:
        outer = click.Context(root, info_name="vdk", resilient_parsing=True)
        _, rest, _ = root.make_parser(outer).parse_args(list(words))
        command = root.get_command(outer, rest[0])
        inner = click.Context(command, outer, rest[0], resilient_parsing=True)
        given, _, _ = command.make_parser(inner).parse_args(rest[1:])
    except Exception:
        return "", []
    if not isinstance(command, NativeCommand):
        return "", []
    if command.name == "run":
        directory = given.get("data_job_directory") or ""
    else:
        directory = given.get("directory") or "."
    settings = given.get("config") or []
    return directory if isinstance(directory, str) else "", [str(setting) for setting in settings]


def _help_without_command():
    context = click.get_current_context()
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), color=context.color)


def _set_verbosity(context, parameter, level):
    if level is not None and not context.resilient_parsing:
        native = context.find_root().command.native
        if not native.set_verbosity(level):
            raise click.BadParameter(_LEVELS + level, context, parameter)


def _show_version(context, parameter, wanted):
    if wanted and not context.resilient_parsing:
        click.echo(f"vdk {context.find_root().command.native.version}")
        context.exit()


# ---- help, as the program prints it -----------------------------------------------------------


def _summary(command):
    if isinstance(command, NativeCommand):
        return command.summary.partition("\n")[0]
    return command.get_short_help_str(_WIDTH)


def _option_rows(command, context):
    rows = []
    for parameter in command.get_params(context):
        if not isinstance(parameter, click.Option) or parameter.hidden:
            continue
        if parameter.name == "help":
            rows.append(("--help", "Show this message and exit."))
        elif isinstance(parameter, _NativeOption):
            rows.append((_label(parameter), _text(parameter)))
        elif isinstance(command, RootGroup) and parameter.metavar == "LVL":
            rows.append(("-v, --verbosity LVL", parameter.help))
        else:
            rows.append(parameter.get_help_record(context))
    return rows


def _label(option):
    label = ", ".join(option.opts)
    if isinstance(option.type, click.Choice):
        return f"{label} [{'|'.join(option.type.choices)}]"
    return label if option.is_flag else f"{label} {option.metavar}"


def _text(option):
    text = option.help
    default = option.default
    if isinstance(default, (str, int, float)) and not isinstance(default, bool):
        text += f"  [default: {default}]"
    return text + ("  [required]" if option.required else "")


def _two_columns(rows):
    """The first column as wide as it must be, the second one wrapped."""
    first = max((min(len(left), _WIDEST_LABEL) for left, _ in rows), default=0)
    lines = []
    for left, right in rows:
        line = f"  {left:<{first}}  "
        has_word = False
        if len(left) > first:
            lines.append(line)
            line = " " * (first + 4)
        for word in right.split(" "):
            if has_word and len(line) + 1 + len(word) > _WIDTH:
                lines.append(line)
                line = " " * (first + 4)
                has_word = False
            line += f" {word}" if has_word else word
            has_word = True
        lines.append(line.rstrip(" "))
    return "".join(f"{line}\n" for line in lines)
