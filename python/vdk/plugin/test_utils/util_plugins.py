"""Back ends in memory for tests: databases, properties, secrets and an ingest method."""

import copy
import logging
import pathlib
import sqlite3
import tempfile
import uuid
from dataclasses import dataclass

from vdk.api.plugin.hook_markers import hookimpl
from vdk.api.plugin.plugin_input import (
    IIngesterPlugin,
    IPropertiesServiceClient,
    ISecretsServiceClient,
)
from vdk.internal.builtin_plugins.connection.managed_connection_base import ManagedConnectionBase

DB_TYPE_SQLITE_MEMORY = "SQLITE_MEMORY"


# ---- databases --------------------------------------------------------------------------------


class SqLite3MemoryDb:
    """A database of its own, shared by all its connections, in a temporary file that goes with the object."""

    def __init__(self, temp_directory=None):
        folder = pathlib.Path(temp_directory or tempfile.gettempdir())
        self._file = folder / f"{uuid.uuid4()}.db"

    def __del__(self):
        self._file.unlink(missing_ok=True)

    def new_connection(self):
        return sqlite3.connect(self._file, isolation_level=None)

    def execute_query(self, query):
        connection = self.new_connection()
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()


class SqLite3MemoryDbPlugin:
    """Connections of the type SQLITE_MEMORY, as the driver makes them."""

    def __init__(self):
        self.db = SqLite3MemoryDb()

    @hookimpl
    def initialize_job(self, context):
        context.connections.add_open_connection_factory_method(
            DB_TYPE_SQLITE_MEMORY, self.db.new_connection
        )


class SqLite3MemoryConnection(ManagedConnectionBase):
    def __init__(self):
        super().__init__(logging.getLogger(__name__), None)
        self.db = SqLite3MemoryDb()

    def _connect(self):
        return self.db.new_connection()


class DecoratedSqLite3MemoryDbPlugin:
    """Managed connections of the type SQLITE_MEMORY; remembers every statement as it is sent."""

    def __init__(self):
        self.statements_history = []

    def new_connection(self):
        return SqLite3MemoryConnection()

    @hookimpl
    def initialize_job(self, context):
        context.connections.add_open_connection_factory_method(
            DB_TYPE_SQLITE_MEMORY, self.new_connection
        )

    @hookimpl(trylast=True)
    def db_connection_before_operation(self, operation):
        self.statements_history.append(operation.get_operation())


# ---- properties and secrets -------------------------------------------------------------------


class _OfJobs:
    """A dict for each job, given and taken as a copy."""

    def __init__(self):
        self._jobs = {}

    def read(self, job_name):
        return copy.deepcopy(self._jobs.get(job_name, {}))

    def write(self, job_name, values):
        self._jobs[job_name] = copy.deepcopy(values)
        return self._jobs[job_name]


class TestPropertiesServiceClient(IPropertiesServiceClient):
    __test__ = False

    def __init__(self):
        self._kept = _OfJobs()

    def read_properties(self, job_name, team_name):
        return self._kept.read(job_name)

    def write_properties(self, job_name, team_name, properties):
        return self._kept.write(job_name, properties)


class TestPropertiesPlugin:
    """Keeps properties in memory, longer than a run: as long as the plugin."""

    __test__ = False

    def __init__(self):
        self.properties_client = TestPropertiesServiceClient()

    @hookimpl
    def initialize_job(self, context):
        context.properties.set_properties_factory_method("default", lambda: self.properties_client)


class TestPropertiesDecoratedPlugin(IPropertiesServiceClient):
    """`test-property-decorated`, for write_preprocess_sequence: adds a property to all that is written."""

    __test__ = False

    def read_properties(self, job_name, team_name):
        raise NotImplementedError("It only prepares what is written.")

    def write_properties(self, job_name, team_name, properties):
        return {**properties, "test": "True"}

    @hookimpl
    def initialize_job(self, context):
        context.properties.set_properties_factory_method("test-property-decorated", lambda: self)


class TestSecretsServiceClient(ISecretsServiceClient):
    __test__ = False

    def __init__(self):
        self._kept = _OfJobs()

    def read_secrets(self, job_name, team_name):
        return self._kept.read(job_name)

    def write_secrets(self, job_name, team_name, secrets):
        return self._kept.write(job_name, secrets)


class TestSecretsPlugin:
    """Keeps secrets in memory, longer than a run: as long as the plugin."""

    __test__ = False

    def __init__(self):
        self.secrets_client = TestSecretsServiceClient()

    @hookimpl
    def initialize_job(self, context):
        context.secrets.set_secrets_factory_method("default", lambda: self.secrets_client)


class TestSecretsDecoratedPlugin(ISecretsServiceClient):
    """`test-secret-decorated`: adds a secret to all that is written."""

    __test__ = False

    def read_secrets(self, job_name, team_name):
        raise NotImplementedError("It only prepares what is written.")

    def write_secrets(self, job_name, team_name, secrets):
        return {**secrets, "test": "True"}

    @hookimpl
    def initialize_job(self, context):
        context.secrets.set_secrets_factory_method("test-secret-decorated", lambda: self)


# ---- ingestion --------------------------------------------------------------------------------


class IngestIntoMemoryPlugin(IIngesterPlugin):
    """An ingest method that keeps every batch in `payloads`."""

    @dataclass
    class Payload:
        payload: list
        destination_table: str | None
        target: str | None
        collection_id: str | None

    def __init__(self, method_name="memory"):
        self.method_name = method_name
        self.payloads = []

    def ingest_payload(
        self, payload, destination_table, target=None, collection_id=None, metadata=None
    ):
        self.payloads.append(self.Payload(payload, destination_table, target, collection_id))

    @hookimpl
    def initialize_job(self, context):
        context.ingester.add_ingester_factory_method(self.method_name, lambda: self)
