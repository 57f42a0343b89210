from observe import record
from vdk.api.plugin.hook_markers import hookimpl
from vdk.api.plugin.plugin_input import IPropertiesServiceClient

STORED = {"stored": 1}


class Store(IPropertiesServiceClient):
    def read_properties(self, job_name, team_name):
        record("read", [job_name, team_name])
        return STORED

    def write_properties(self, job_name, team_name, properties):
        record("write", [job_name, team_name, properties])
        return properties


class Adds(IPropertiesServiceClient):
    def __init__(self, name):
        self._name = name

    def read_properties(self, job_name, team_name):
        record("never", self._name)

    def write_properties(self, job_name, team_name, properties):
        if "refuse" in properties:
            raise ValueError("refused")
        properties["by"] = properties.get("by", "") + self._name
        return properties


@hookimpl
def initialize_job(context):
    registry = context.properties
    registry.set_properties_factory_method("default", Store)
    registry.set_properties_factory_method("one", lambda: Adds("one"))
    registry.set_properties_factory_method("two", lambda: Adds("two"))
