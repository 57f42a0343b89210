"""What every plugin of one command shares."""

from vdk.internal.core.statestore import StoreKey

PARENT = StoreKey("vdk.state.parent")
CHILDREN = StoreKey("vdk.state.children")


class CoreContext:
    """The registry of plugins, the configuration and the state of a run. Its members stay what they are."""

    __slots__ = ("plugin_registry", "configuration", "state")

    def __init__(self, plugin_registry, configuration, state):
        for attribute, value in zip(
            self.__slots__, (plugin_registry, configuration, state), strict=True
        ):
            object.__setattr__(self, attribute, value)

    def __setattr__(self, attribute, value):
        raise AttributeError(f"cannot assign to field {attribute!r}")

    def create_child_context(self):
        """The context of a job or template: the state is its own, the rest is shared."""
        return self._child(self.configuration)

    def _child(self, configuration):
        state = self.state.clone()
        state.set(PARENT, self.state)
        state.set(CHILDREN, [])
        if CHILDREN not in self.state:
            self.state.set(CHILDREN, [])
        self.state.get(CHILDREN).append(state)
        return CoreContext(self.plugin_registry, configuration, state)
