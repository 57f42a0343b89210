"""The job_input of a step. Everything that it does is done by the native job behind it."""

import sys

from vdk.api.job_input import IJobInput

_PAGE_ROWS = 10_000


class JobInput(IJobInput):
    # Plugins and jobs replace methods of an instance (execute_query above all): methods call each other through it.

    def __init__(self, job):
        self.__job = job
        self.__send_plain_object = job.send_plain_object
        self.__rejected = None

    def _native_job(self):
        return self.__job

    # Job

    def get_name(self):
        return self.__job.name

    def get_job_directory(self):
        directory = self.__job.directory
        if not directory:
            return None
        import pathlib

        return pathlib.Path(directory)

    def get_arguments(self):
        return self.__job.arguments()

    def get_execution_properties(self):
        return self.__job.execution_properties()

    def get_temporary_write_directory(self):
        import pathlib

        return pathlib.Path(self.__job.configuration_value("temporary_write_directory"))

    def skip_remaining_steps(self):
        from vdk.internal.core.errors import SkipRemainingStepsException

        raise SkipRemainingStepsException("The step asked to skip the remaining steps.")

    # Properties and secrets

    def get_property(self, name, default_value=None):
        return self.__job.properties().get(name, default_value)

    def get_all_properties(self):
        return self.__job.properties()

    def set_all_properties(self, properties):
        self.__job.set_properties(properties)

    def get_secret(self, name, default_value=None):
        return self.__job.secrets().get(name, default_value)

    def get_all_secrets(self):
        return self.__job.secrets()

    def set_all_secrets(self, secrets):
        self.__job.set_secrets(secrets)

    # Databases

    def get_managed_connection(self, database=None):
        connection = self.__job.open_connection(database)
        if connection._connection_hook_spec_factory is None:
            connection._connection_hook_spec_factory = self.__job
        return connection

    def execute_query(self, sql, database=None):
        return self.__on_connection(sql, database, "execute_query", self.execute_query)

    def stream_query(self, sql, database=None):
        return self.__on_connection(sql, database, "stream_query", self.stream_query)

    def _run_sql_step(self, sql, database):
        """For SQL steps, whose rows are nobody's: they are neither gathered nor kept."""
        replaced = self.__dict__.get("execute_query") or type(self).execute_query
        if replaced is not JobInput.execute_query:
            # Replacements that know no `database` serve jobs that use one database.
            if database is None:
                self.execute_query(sql)
            else:
                self.execute_query(sql, database=database)
            return
        cursor = self.__on_connection(sql, database, "stream_query", self.execute_query)
        try:
            if cursor.description is not None:
                while cursor.fetchmany(_PAGE_ROWS):
                    pass
        finally:
            cursor.close()

    def __on_connection(self, sql, database, method, asked):
        if not sql or not sql.strip():
            from vdk.host.complaints import user_error

            raise user_error(
                "The query is empty.",
                f"{asked.__name__} was called without a statement.",
                "Nothing was sent to the database.",
                "Pass the text of a statement.",
            )
        connection = self.get_managed_connection(database)
        standard_literals = getattr(connection, "_standard_literals", False)
        text = self._substitute_query_params(sql, standard_literals)
        return getattr(connection, method)(text)

    def _substitute_query_params(self, sql, standard_literals=False):
        return self.__job.substitute(sql, standard_literals)

    # Ingestion

    def send_object_for_ingestion(
        self,
        payload,
        destination_table=None,
        method=None,
        target=None,
        collection_id=None,
        *,
        disposition=None,
        keys=None,
        delete_flag=None,
        contract=None,
    ):
        if disposition is None and contract is None and not keys and delete_flag is None:
            if self.__send_plain_object(payload, destination_table, method, target, collection_id):
                return
            where = (destination_table, method, target, collection_id)
        else:
            where = (destination_table, method, target, collection_id)
            self.__set_load_options(where, disposition, keys, delete_flag, contract)
        if type(payload) is not dict:
            if _is_data_frame(payload):
                self.__send_frame(payload, list(payload.columns), where)
                return
            if hasattr(payload, "__arrow_c_stream__"):
                self.__job.send_arrow(payload, (), *where, _is_table(payload))
                return
        try:
            self.__job.send_object(payload, *where)
        except Exception as error:
            if not _is_rejection(error):
                raise
            # The rows after it still go in; the step fails when it is over (see vdk.host.python_step).
            if self.__rejected is None:
                self.__rejected = _with_caller(error, sys._getframe(1))

    def send_tabular_data_for_ingestion(
        self,
        rows,
        column_names,
        destination_table=None,
        method=None,
        target=None,
        collection_id=None,
        *,
        disposition=None,
        keys=None,
        delete_flag=None,
        contract=None,
    ):
        where = (destination_table, method, target, collection_id)
        if disposition is not None or contract is not None or keys or delete_flag is not None:
            self.__set_load_options(where, disposition, keys, delete_flag, contract)
        columns = _checked_columns(column_names, destination_table)
        if _is_data_frame(rows):
            self.__send_frame(rows, columns, where)
        elif hasattr(rows, "__arrow_c_stream__"):
            self.__job.send_arrow(rows, columns, *where, _is_table(rows))
        else:
            self.__send_pages(rows, columns, where, False)

    def __set_load_options(self, where, disposition, keys, delete_flag, contract):
        keys = [keys] if isinstance(keys, str) else list(keys or ())
        self.__job.set_load_options(*where, disposition, keys, delete_flag, contract)

    def __send_frame(self, frame, columns, where):
        # Whoever has pyarrow, pandas has imported it.
        if "pyarrow" not in sys.modules:
            self.__send_pages(frame.itertuples(index=False), columns, where, True)
            return
        from vdk.host.data_frames import slices

        dates_as_text = self.__job.dates_as_text(*where)
        names = [str(column) for column in columns]
        for rows, table in slices(frame, dates_as_text):
            if table is None:
                self.__send_pages(rows.itertuples(index=False), columns, where, True)
            else:
                self.__job.send_arrow(table, names, *where, True)

    def __send_pages(self, rows, columns, where, nan_is_null):
        sent = 0
        for page in _pages(rows):
            sent = self.__job.send_page(page, columns, *where, sent, nan_is_null)

    def _take_rejected(self):
        """The first row that was refused since the last call, as an exception; None where all were taken."""
        rejected, self.__rejected = self.__rejected, None
        return rejected

    # Templates

    def execute_template(self, template_name, template_args, database="default"):
        return self.__job.execute_template(template_name, template_args, database)


def _is_data_frame(payload):
    # Whoever has one has imported pandas.
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(payload, getattr(pandas, "DataFrame", ()))


def _is_table(source):
    """Whether all rows are in memory: what else offers Arrow may make them as they are read."""
    kind = type(source)
    return (kind.__module__.partition(".")[0], kind.__name__) in (
        ("pyarrow", "Table"),
        ("pyarrow", "RecordBatch"),
        ("polars", "DataFrame"),
    )


def _is_rejection(error):
    exceptions = sys.modules.get("vdk.internal.builtin_plugins.ingestion.exception")
    return exceptions is not None and isinstance(error, exceptions.PayloadIngestionException)


def _with_caller(error, frame):
    """The exception as if it had passed through the caller, so that it tells which line sent the row."""
    trace = error.__traceback__
    return error.with_traceback(type(trace)(trace, frame, frame.f_lasti, frame.f_lineno))


def _checked_columns(column_names, destination_table):
    try:
        columns = list(column_names)
    except TypeError:
        raise _invalid_arguments(
            "column_names", "an iterable of column names", column_names
        ) from None
    if not columns and destination_table is None:
        raise _invalid_arguments(
            "column_names or destination_table", "one of the two", column_names
        )
    return columns


def _pages(rows):
    fetch = getattr(rows, "fetchmany", None)
    if fetch is None:
        try:
            iterator = None if _is_one_row(rows) else iter(rows)
        except TypeError:
            iterator = None
        if iterator is None:
            # Rows are not for the log: their type says enough.
            raise _invalid_arguments(
                "rows", "an iterable of rows, or a cursor", type(rows).__name__
            )

        from itertools import islice

        def fetch(count):
            return list(islice(iterator, count))

    while page := fetch(_PAGE_ROWS):
        yield page


def _is_one_row(rows):
    """What iterates too, but by letters or by the names of columns."""
    if isinstance(rows, dict):
        return any(isinstance(key, str) for key in rows)
    return isinstance(rows, (str, bytes, bytearray))


def _invalid_arguments(name, constraint, value):
    from vdk.internal.builtin_plugins.ingestion.exception import InvalidArgumentsIngestionException

    return InvalidArgumentsIngestionException(name, constraint, value)
