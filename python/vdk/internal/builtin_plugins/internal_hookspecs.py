"""The two hooks around everything else: test runners replace what they do."""

from vdk.api.plugin.hook_markers import hookspec


class InternalHookSpecs:
    @hookspec(firstresult=True)
    def vdk_main(self, plugin_registry, root_command, command_line_args):
        """Runs a whole command line; the first result is the exit code."""

    @hookspec(firstresult=True)
    def vdk_cli_execute(self, root_command, command_line_args, program_name, core_context):
        """Runs the command that the words choose; the first result is the exit code."""
