"""What plugins implement and register."""

from abc import ABCMeta, abstractmethod
from typing import Any

PEP249Connection = Any  # whatever keeps to PEP 249


class IPropertiesServiceClient(metaclass=ABCMeta):
    """Where properties of jobs are kept; or, as a write pre-processor, what works on them before."""

    @abstractmethod
    def read_properties(self, job_name, team_name):
        """All properties of a job, a dict."""

    @abstractmethod
    def write_properties(self, job_name, team_name, properties):
        """Replaces all properties of a job. Returns them as they were taken."""


class IPropertiesRegistry(metaclass=ABCMeta):
    @abstractmethod
    def set_properties_factory_method(self, properties_type, properties_factory):
        """Makes a back end known; the factory is called without arguments when it is first used."""


class ISecretsServiceClient(metaclass=ABCMeta):
    """Where secrets of jobs are kept."""

    @abstractmethod
    def read_secrets(self, job_name, team_name):
        """All secrets of a job, a dict."""

    @abstractmethod
    def write_secrets(self, job_name, team_name, secrets):
        """Replaces all secrets of a job. Returns them as they were taken."""


class ISecretsRegistry(metaclass=ABCMeta):
    @abstractmethod
    def set_secrets_factory_method(self, secrets_type, secrets_factory):
        """Makes a back end known; the factory is called without arguments when it is first used."""


class ITemplateRegistry(metaclass=ABCMeta):
    @abstractmethod
    def add_template(self, name, template_directory, database="default"):
        """Makes a directory of steps known as a template of this name, for one kind of database."""


class IManagedConnectionRegistry(metaclass=ABCMeta):
    @abstractmethod
    def add_open_connection_factory_method(self, dbtype, open_connection_func):
        """Makes a type of connection known; the function gives a ManagedConnectionBase or a PEP 249 connection."""


class IIngesterRegistry(metaclass=ABCMeta):
    @abstractmethod
    def add_ingester_factory_method(self, method, ingester_plugin):
        """Makes an ingestion method known; the function gives an IIngesterPlugin."""


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
