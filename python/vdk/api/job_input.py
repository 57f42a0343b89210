"""What a data job's step can do: the interface of the `job_input` that `run(job_input)` gets."""

from abc import ABCMeta, abstractmethod


class IProperties(metaclass=ABCMeta):
    """State of a job that outlives its runs: one mapping of names to JSON values."""

    @abstractmethod
    def get_property(self, name: str, default_value: str = None) -> str:
        """The value of a property, or the default where there is none."""

    @abstractmethod
    def get_all_properties(self) -> dict:
        """All properties. Changing the dict stores nothing; set_all_properties does."""

    @abstractmethod
    def set_all_properties(self, properties: dict):
        """Replaces all properties. Names are text without white space; values int, float, str, list, dict or None."""


class IManagedConnection:
    """Access to databases."""

    @abstractmethod
    def execute_query(self, query_as_utf8_string) -> "list[list]":
        """Runs a query on the default database and returns all rows, or None where there is no result set.

        `{name}` in the text is replaced by the property or argument of that name.
        """

    def stream_query(self, query_as_utf8_string):
        """As execute_query, but returns the open cursor: iterating reads rows from the database as they are needed.

        The cursor also has `description`, `fetch_arrow()` and `close()`. A statement without a result set has no rows.
        """
        raise NotImplementedError

    @abstractmethod
    def get_managed_connection(self):
        """The connection to the default database, with the interface of PEP 249."""


class IIngester:
    """Sends rows to where they are stored. Both methods may be called from several threads."""

    @abstractmethod
    def send_object_for_ingestion(
        self,
        payload: dict,
        destination_table: "str | None" = None,
        method: "str | None" = None,
        target: "str | None" = None,
        collection_id: "str | None" = None,
        *,
        disposition: "str | None" = None,
        keys: "list | None" = None,
        delete_flag: "str | None" = None,
        contract: "str | None" = None,
    ):
        """Sends one row, or the rows of a pandas DataFrame.

        :param payload: column names and values of the row; not to be changed afterwards
        :param destination_table: the table that the row belongs to
        :param method: how it is stored: the name of an ingestion method; None: `ingest_method_default`
        :param target: where it is stored, as the method understands it; None: `ingest_target_default`
        :param collection_id: groups what belongs together; None: job name and op id
        :param disposition: what happens to rows that the table has: "append" keeps them, "replace" swaps them for
            the new ones when the step ends well, "merge" updates those with the same keys
        :param keys: merge: the columns that tell rows apart
        :param delete_flag: merge: rows in which this column is true delete; it is no column of the table
        :param contract: what happens to rows that do not fit the table: "evolve" changes the table, "freeze" rejects
            them and fails the run, "discard_row" and "discard_value" leave them out and count them

        The last four hold for everything that one step sends to the table.
        """

    @abstractmethod
    def send_tabular_data_for_ingestion(
        self,
        rows: iter,
        column_names: list,
        destination_table: "str | None" = None,
        method: "str | None" = None,
        target: "str | None" = None,
        collection_id: "str | None" = None,
        *,
        disposition: "str | None" = None,
        keys: "list | None" = None,
        delete_flag: "str | None" = None,
        contract: "str | None" = None,
    ):
        """Sends many rows: an iterable of sequences, or a cursor.

        :param rows: the rows, each with one value for each column; anything to iterate, or an object with fetchmany
        :param column_names: the names of the columns, in order

        The other parameters are those of send_object_for_ingestion.
        """


class ITemplate(metaclass=ABCMeta):
    """Runs templates: data jobs that plugins bring along."""

    @abstractmethod
    def execute_template(self, template_name: str, template_args: dict, database: str = "default"):
        """Runs a template to its end and returns its ExecutionResult. Raises what the template raised."""


class IJobArguments(metaclass=ABCMeta):
    """The arguments of this run."""

    @abstractmethod
    def get_arguments(self) -> dict:
        """What `vdk run --arguments` was given."""


class ISecrets(metaclass=ABCMeta):
    """Secrets of a job; their values are hidden in logs."""

    @abstractmethod
    def get_secret(self, key: str, default_value: str = None) -> str:
        """The value of a secret, or the default where there is none."""

    @abstractmethod
    def get_all_secrets(self) -> dict:
        """All secrets. Changing the dict stores nothing; set_all_secrets does."""

    @abstractmethod
    def set_all_secrets(self, secrets: dict):
        """Replaces all secrets; names and values as in set_all_properties."""


class IJobInput(IProperties, IManagedConnection, IIngester, ITemplate, IJobArguments, ISecrets):
    """Everything that a step can do."""

    @abstractmethod
    def get_name(self) -> str:
        """The name of the job; in a template that of the job which runs it."""

    @abstractmethod
    def get_job_directory(self) -> "pathlib.Path":  # noqa: F821
        """The directory of the running job or template."""

    @abstractmethod
    def get_execution_properties(self) -> dict:
        """Facts of this run: pa__execution_id, pa__op_id, pa__job_start_unixtime and pa__job_start_ts_expr."""

    @abstractmethod
    def skip_remaining_steps(self) -> None:
        """Ends the job, or the template, successfully at once."""

    @abstractmethod
    def get_temporary_write_directory(self) -> "pathlib.Path":  # noqa: F821
        """A directory for temporary files."""
