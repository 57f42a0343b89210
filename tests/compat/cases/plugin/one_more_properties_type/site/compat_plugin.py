from vdk.api.plugin.hook_markers import hookimpl


class Store:
    def read_properties(self, job_name, team_name):
        return {"from": "the other type"}

    def write_properties(self, job_name, team_name, properties):
        return properties


@hookimpl
def initialize_job(context):
    context.properties.set_properties_factory_method("other", Store)
