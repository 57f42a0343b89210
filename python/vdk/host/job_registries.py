"""What plugins register in a job: thin forms of the program's own registries."""

import sys

from vdk.api.plugin.plugin_input import (
    IIngesterRegistry,
    IManagedConnectionRegistry,
    IPropertiesRegistry,
    ISecretsRegistry,
    ITemplateRegistry,
)


def _distribution(registry):
    """Of the plugin that registers something, two calls up; an empty text where none has brought it."""
    from vdk.host.plugins import distribution_of

    return distribution_of(registry, sys._getframe(2).f_globals.get("__name__", ""))


class Connections(IManagedConnectionRegistry):
    def __init__(self, job, plugin_registry):
        self._job = job
        self._plugins = plugin_registry

    def add_open_connection_factory_method(self, dbtype, open_connection_func):
        self._job.add_connection(dbtype, open_connection_func, _distribution(self._plugins))

    def open_connection(self, dbtype):
        return self._job.open_connection(dbtype)

    def open_default_connection(self):
        return self._job.open_connection(None)


class Templates(ITemplateRegistry):
    def __init__(self, job):
        self._job = job

    def add_template(self, name, template_directory, database="default"):
        self._job.add_template(name, template_directory, database)


class Properties(IPropertiesRegistry):
    def __init__(self, job, plugin_registry):
        self._job = job
        self._plugins = plugin_registry

    def set_properties_factory_method(self, properties_type, properties_factory):
        self._job.add_properties(properties_type, properties_factory, _distribution(self._plugins))

    def has_properties_impl(self):
        return self._job.has_properties()

    def get_property(self, name, default_value=None):
        return self._job.properties().get(name, default_value)

    def get_all_properties(self):
        return self._job.properties()

    def set_all_properties(self, properties):
        self._job.set_properties(properties)


class Secrets(ISecretsRegistry):
    def __init__(self, job, plugin_registry):
        self._job = job
        self._plugins = plugin_registry

    def set_secrets_factory_method(self, secrets_type, secrets_factory):
        self._job.add_secrets(secrets_type, secrets_factory, _distribution(self._plugins))

    def has_secrets_impl(self):
        return self._job.has_secrets()

    def get_secret(self, key, default_value=None):
        return self._job.secrets().get(key, default_value)

    def get_all_secrets(self):
        return self._job.secrets()

    def set_all_secrets(self, secrets):
        self._job.set_secrets(secrets)


class Ingester(IIngesterRegistry):
    def __init__(self, job, plugin_registry, job_input):
        self._job = job
        self._plugins = plugin_registry
        self._job_input = job_input

    def add_ingester_factory_method(self, method, ingester_plugin):
        self._job.add_ingester(method, ingester_plugin, _distribution(self._plugins))

    def send_object_for_ingestion(
        self, payload, destination_table=None, method=None, target=None, collection_id=None
    ):
        self._job_input.send_object_for_ingestion(
            payload, destination_table, method, target, collection_id
        )

    def send_tabular_data_for_ingestion(
        self,
        rows,
        column_names,
        destination_table=None,
        method=None,
        target=None,
        collection_id=None,
    ):
        self._job_input.send_tabular_data_for_ingestion(
            rows, column_names, destination_table, method, target, collection_id
        )

    def close(self):
        """Waits until everything that was sent is stored."""
        self._job.flush()
