import pathlib

from vdk.api.plugin.hook_markers import hookimpl

HERE = pathlib.Path(__file__).parent


@hookimpl
def initialize_job(context):
    context.templates.add_template("outer", HERE / "outer")
    context.templates.add_template("inner", HERE / "inner")
