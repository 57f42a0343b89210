"""A plugin with an ingest method that counts rows and stores none, in the way of any Python plugin."""

import atexit
import os

from vdk.api.plugin.hook_markers import hookimpl


class Noop:
    def __init__(self):
        self.rows = 0

    def ingest_payload(
        self, payload, destination_table=None, target=None, collection_id=None, metadata=None
    ):
        self.rows += len(payload)


@hookimpl
def initialize_job(context):
    context.ingester.add_ingester_factory_method("noop", lambda: _noop)


@atexit.register
def count():
    with open(os.environ["BENCH_COUNT"], "w") as file:
        file.write(str(_noop.rows))


_noop = Noop()
