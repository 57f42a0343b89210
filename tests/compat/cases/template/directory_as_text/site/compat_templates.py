import os

from vdk.api.plugin.hook_markers import hookimpl


@hookimpl
def initialize_job(context):
    context.templates.add_template("text", os.path.join(os.path.dirname(__file__), "text"))
