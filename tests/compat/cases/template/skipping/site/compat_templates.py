import pathlib

from vdk.api.plugin.hook_markers import hookimpl


@hookimpl
def initialize_job(context):
    context.templates.add_template("skipping", pathlib.Path(__file__).parent / "skipping")
