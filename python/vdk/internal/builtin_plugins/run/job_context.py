"""What a plugin gets of a job, or of a template, in the hooks of its life."""

from vdk.internal.core.statestore import LateAttribute


class JobContext:
    """Names the job, and holds what plugins register in and read from. Its attributes may be replaced."""

    job_directory = LateAttribute()
    templates = LateAttribute()
    connections = LateAttribute()
    ingester = LateAttribute()
    properties = LateAttribute()
    secrets = LateAttribute()

    def __init__(self, name, job_directory, core_context, job_args=None, templates=None):
        from vdk.internal.builtin_plugins.run.step import StepBuilder

        self.name = name
        self.job_directory = job_directory
        self.core_context = core_context
        self.job_args = job_args if job_args is not None else {}
        self.templates = templates
        self.step_builder = StepBuilder()
        self.connections = None
        self.ingester = None
        self.properties = None
        self.secrets = None
        self.job_input = None
