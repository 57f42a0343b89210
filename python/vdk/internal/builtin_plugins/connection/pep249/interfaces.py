"""The interface of database connections and cursors (PEP 249), and a cursor that hands every call on."""


class LazyLogger:
    """Stands in for a logger, so that a connection which logs nothing need not import `logging`."""

    def __init__(self, name):
        self._name = name

    def __getattr__(self, attribute):
        import logging

        return getattr(logging.getLogger(self._name), attribute)


class PEP249Connection:
    def close(self):
        raise NotImplementedError

    def commit(self):
        raise NotImplementedError

    def rollback(self):
        raise NotImplementedError

    def cursor(self):
        raise NotImplementedError


class PEP249Cursor:
    """Hands every call on to the native cursor."""

    def __init__(self, cursor, log):
        self._cursor = cursor
        self._log = log if log is not None else LazyLogger(type(self).__module__)

    @property
    def description(self):
        return self._cursor.description

    @property
    def rowcount(self):
        return self._cursor.rowcount

    def callproc(self, procname, parameters=None):
        return (
            self._cursor.callproc(procname, parameters)
            if parameters
            else self._cursor.callproc(procname)
        )

    def close(self):
        self._cursor.close()

    def execute(self, operation, parameters=None):
        return (
            self._cursor.execute(operation, parameters)
            if parameters
            else self._cursor.execute(operation)
        )

    def executemany(self, operation, seq_of_parameters):
        return self._cursor.executemany(operation, seq_of_parameters)

    def fetchone(self):
        return self._cursor.fetchone()

    def fetchmany(self, size=None):
        return self._cursor.fetchmany() if size is None else self._cursor.fetchmany(size)

    def fetchall(self):
        return self._cursor.fetchall()

    def nextset(self):
        return self._cursor.nextset()

    def _get_arraysize(self):
        return self._cursor.arraysize

    def _set_arraysize(self, arraysize):
        self._cursor.arraysize = arraysize

    arraysize = property(_get_arraysize, _set_arraysize)

    def setinputsizes(self, sizes):
        return self._cursor.setinputsizes(sizes)

    def setoutputsize(self, size, column=None):
        return self._cursor.setoutputsize(size, column)

    def __enter__(self):
        return self

    def __exit__(self, exception_type, exception_value, traceback):
        self.close()

    def __iter__(self):
        return self

    def __next__(self):
        row = self.fetchone()
        if row is None:
            raise StopIteration
        return row

    next = __next__
