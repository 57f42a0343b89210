"""What plugins implement and register."""


class IIngesterPlugin:
    """Stores rows, or works on them before or after they are stored. All methods are called with keyword arguments."""

    @staticmethod
    def IngestionMetadata(metadata):
        """What the steps of an ingestion pass on to each other: a dict. Serves as annotation and as function."""
        return metadata

    UPDATED_DYNAMIC_PARAMS = "updated_dynamic_params"
    TARGET_KEY = "target"
    DESTINATION_TABLE_KEY = "destination_table"
    COLLECTION_ID_KEY = "collection_id"

    def ingest_payload(
        self, payload, destination_table, target=None, collection_id=None, metadata=None
    ):
        """Stores a batch, a list of dicts. Returns metadata for what comes after, or None."""

    def pre_ingest_process(
        self,
        payload,
        destination_table=None,
        target=None,
        collection_id=None,
        metadata=None,
        method=None,
    ):
        """Works on a batch before it is stored. Returns the batch and metadata."""

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
        """Learns how a batch fared; `exception` is None where it was stored. Returns metadata."""
