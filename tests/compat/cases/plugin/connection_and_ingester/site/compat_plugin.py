import sqlite3

from observe import record
from vdk.api.plugin.hook_markers import hookimpl
from vdk.internal.builtin_plugins.ingestion.ingester_base import IIngesterPlugin


class Ingester(IIngesterPlugin):
    def ingest_payload(self, payload, destination_table, target=None, collection_id=None, metadata=None):
        record("batch", [payload, destination_table, target, collection_id])


@hookimpl
def initialize_job(context):
    context.connections.add_open_connection_factory_method("COMPAT", lambda: sqlite3.connect("raw.sqlite", isolation_level=None))
    context.ingester.add_ingester_factory_method("Compat", Ingester)
