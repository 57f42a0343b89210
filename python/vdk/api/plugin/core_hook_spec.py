"""What plugins may implement in the life of a command and in that of a job.

An implementation declares those of the parameters that it wants. Hooks are called with keywords.
"""

from vdk.api.plugin.hook_markers import hookspec


class CoreHookSpecs:
    """The life of a command, in the order of one call."""

    @hookspec(historic=True)
    def vdk_start(self, plugin_registry, command_line_args):
        """First of all. May register plugins and change the list of the command line's words."""

    @hookspec
    def vdk_command_line(self, root_command):
        """Adds commands to the root command, a click.Group, or changes those that are in it."""

    @hookspec
    def vdk_configure(self, config_builder):
        """Declares options, or gives them values."""

    @hookspec
    def vdk_initialize(self, context):
        """The configuration is complete; the CoreContext holds it."""

    @hookspec
    def vdk_exception(self, exception):
        """A command has failed. Where one implementation returns True, it counts as handled."""

    @hookspec
    def vdk_exit(self, context, exit_code):
        """Last of all."""


class JobRunHookSpecs:
    """The life of a job, and of each template that it runs, in the order of one run."""

    @hookspec
    def initialize_job(self, context):
        """Registers back ends, templates and steps in the JobContext."""

    @hookspec(firstresult=True)
    def run_job(self, context):
        """Runs the job. The first ExecutionResult counts."""

    @hookspec(firstresult=True)
    def run_step(self, context, step):
        """Runs one step. The first StepResult counts."""

    @hookspec
    def finalize_job(self, context):
        """The job is over, however it ended."""
