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


class Late:
    """A value that is made when somebody asks for it."""

    __slots__ = ("make",)

    def __init__(self, make):
        self.make = make


class LateAttribute:
    """An attribute whose value may be a Late one."""

    def __set_name__(self, owner, name):
        self.name = "_late_" + name

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        try:
            value = instance.__dict__[self.name]
        except KeyError:
            raise AttributeError(self.name.removeprefix("_late_")) from None
        if isinstance(value, Late):
            value = instance.__dict__[self.name] = value.make()
        return value

    def __set__(self, instance, value):
        instance.__dict__[self.name] = value


class StateStore:
    def __init__(self, store=None):
        self._store = {} if store is None else store

    def get(self, key, default=None):
        return self[key] if key in self._store else default

    def set(self, key, value):
        self[key] = value

    def clone(self):
        """A store of its own with the same values."""
        return StateStore(dict(self._store))

    def __getitem__(self, key):
        value = self._store[key]
        if isinstance(value, Late):
            value = self._store[key] = value.make()
        return value

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
