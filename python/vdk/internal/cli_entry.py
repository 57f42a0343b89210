"""The entry of the command line, for those who call it inside a Python process: test runners do."""

import sys

from vdk.api.plugin.hook_markers import hookimpl


class CliEntry:
    """The two outermost hooks as the program implements them."""

    @hookimpl(trylast=True)
    def vdk_main(self, plugin_registry, root_command, command_line_args):
        """Runs one command line with these plugins; returns the exit code. May be called many times."""
        from vdk import _native
        from vdk.host.logging_bridge import RecordsOf

        words = [str(word) for word in command_line_args]
        with RecordsOf(words):
            return _native.main(words, registry=plugin_registry, root_command=root_command)

    @hookimpl(trylast=True)
    def vdk_cli_execute(self, root_command, command_line_args, program_name, core_context):
        """Runs the command that the words choose; returns the exit code."""
        return run_group(root_command, command_line_args, program_name, core_context)


def run_group(root_command, words, name, context):
    """Runs a group of click; returns the exit code."""
    try:
        root_command.main(args=list(words), prog_name=name, obj=context)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        sys.stderr.write(f"{end.code}\n")
        return 1
    return 0


def vdk_main(arguments=None):
    """Runs one command line with the plugins of the environment; returns the exit code."""
    from vdk.host import plugins

    registry = plugins.registry_of_environment()
    words = sys.argv[1:] if arguments is None else list(arguments)
    return registry.hook().vdk_main(
        plugin_registry=registry, root_command=sys.modules[__name__].cli, command_line_args=words
    )


def main():
    """What a console script would call."""
    sys.exit(vdk_main())


def __getattr__(name):
    # click comes with the first command of Python, not before.
    if name in ("cli", "cli_main"):
        from vdk.host.command_line import new_root

        globals()["cli"] = globals()["cli_main"] = root = new_root()
        return root
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
