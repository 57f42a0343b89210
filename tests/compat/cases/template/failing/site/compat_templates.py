import pathlib

from vdk.api.plugin.hook_markers import hookimpl


@hookimpl
def initialize_job(context):
    context.templates.add_template("failing", pathlib.Path(__file__).parent / "failing")
