"""State of a run that plugins share: values by typed keys."""


class StoreKey:
    """The name of a value. `StoreKey[str]("name")` says of which type it is, for readers only."""

    __slots__ = ("key",)

    def __class_getitem__(cls, value_type):
        return cls

    def __init__(self, key):
        object.__setattr__(self, "key", key)

    def __setattr__(self, attribute, value):
        raise AttributeError(f"cannot assign to field {attribute!r}")

    def __eq__(self, other):
        return type(self) is type(other) and self.key == other.key

    def __hash__(self):
        return hash(self.key)

    def __repr__(self):
        return f"{type(self).__name__}(key={self.key!r})"


class ImmutableStoreKey(StoreKey):
    """The name of a value that is set once."""

    __slots__ = ()


class CommonStoreKeys:
    OP_ID = StoreKey[str]("vdk.op_id")
    EXECUTION_ID = StoreKey[str]("vdk.execution_id")
    ATTEMPT_ID = StoreKey[str]("vdk.attempt_id")
    START_TIME = StoreKey("vdk.start_time")
    END_TIME = StoreKey("vdk.end_time")
    VDK_VERSION = ImmutableStoreKey("vdk.vdk_version")
    TEMPORARY_WRITE_DIRECTORY = ImmutableStoreKey("vdk.temporary_write_directory")


class StateStore:
    def __init__(self, store=None):
        self._store = {} if store is None else store

    def get(self, key, default=None):
        return self._store.get(key, default)

    def set(self, key, value):
        self[key] = value

    def clone(self):
        """A store of its own with the same values."""
        return StateStore(dict(self._store))

    def __getitem__(self, key):
        return self._store[key]

    def __setitem__(self, key, value):
        self._check(key)
        self._store[key] = value

    def __delitem__(self, key):
        self._check(key)
        del self._store[key]

    def __contains__(self, key):
        return key in self._store

    def _check(self, key):
        if isinstance(key, ImmutableStoreKey) and key in self._store:
            raise AttributeError(f"{key.key} is set once and does not change.")
