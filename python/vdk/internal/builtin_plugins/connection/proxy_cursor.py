"""A cursor that has whatever the native cursor has."""

from vdk.internal.builtin_plugins.connection.pep249.interfaces import PEP249Cursor


class ProxyCursor(PEP249Cursor):
    def __init__(self, cursor, log=None):
        super().__init__(cursor, log)

    def __getattr__(self, attribute):
        if attribute == "_cursor":  # not set yet, or the object is being copied
            raise AttributeError(attribute)
        return getattr(self._cursor, attribute)
