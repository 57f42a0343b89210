"""Parts of an ingestion for tests: pre- and post-processors, and a method that stores nothing."""

import datetime
import logging
from dataclasses import dataclass

from vdk.api.plugin.hook_markers import hookimpl
from vdk.api.plugin.plugin_input import IIngesterPlugin

log = logging.getLogger(__name__)
IngestionMetadata = IIngesterPlugin.IngestionMetadata

_STARTED = "ingestion_submission_start_time"


class ConvertPayloadValuesToString(IIngesterPlugin):
    """`convert-to-string`, before ingestion."""

    def pre_ingest_process(
        self,
        payload,
        destination_table=None,
        target=None,
        collection_id=None,
        metadata=None,
        method=None,
    ):
        return [{key: str(value) for key, value in row.items()} for row in payload], metadata

    @hookimpl(tryfirst=True)
    def initialize_job(self, context):
        context.ingester.add_ingester_factory_method("convert-to-string", lambda: self)


class AddPayloadSizeAsColumn(IIngesterPlugin):
    """`add-payload-size`, in all three places: adds a column, keeps the batches, and moves a time of the metadata."""

    @dataclass
    class Payload:
        payload: list
        destination_table: str | None
        target: str | None
        collection_id: str | None

    def __init__(self):
        self.payloads = []

    def pre_ingest_process(
        self,
        payload,
        destination_table=None,
        target=None,
        collection_id=None,
        metadata=None,
        method=None,
    ):
        for row in payload:
            row["payload_size"] = len(str(row))
        return list(payload), IngestionMetadata({_STARTED: datetime.datetime(2022, 1, 27, 16)})

    def ingest_payload(
        self, payload, destination_table, target=None, collection_id=None, metadata=None
    ):
        self.payloads.append(self.Payload(payload, destination_table, target, collection_id))

    def post_ingest_process(
        self,
        payload=None,
        destination_table=None,
        target=None,
        collection_id=None,
        metadata=None,
        exception=None,
        method=None,
    ):
        if metadata and metadata.get(_STARTED) is not None:
            metadata[_STARTED] += datetime.timedelta(seconds=90)
        return metadata

    @hookimpl(tryfirst=True)
    def initialize_job(self, context):
        context.ingester.add_ingester_factory_method("add-payload-size", lambda: self)


class DummyIngestionPlugin(IIngesterPlugin):
    """`dummy-ingest`: takes every batch and stores none."""

    def ingest_payload(
        self, payload, destination_table, target=None, collection_id=None, metadata=None
    ):
        log.info("%d rows were given to dummy-ingest, which stores none.", len(payload))

    @hookimpl(tryfirst=True)
    def initialize_job(self, context):
        context.ingester.add_ingester_factory_method("dummy-ingest", lambda: self)
