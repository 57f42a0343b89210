"""The configuration as plugins see it. Values, their types and which source wins are the program's matter."""

import sys
from enum import Enum

from vdk import _native

_MAIN = "vdk"


class ConfigEntry:
    """One option: its value, its default, what it is for and whether it is to be hidden."""

    def __init__(self, value=None, default=None, description="", sensitive=False):
        self.value = value
        self.default = default
        self.description = description
        self.sensitive = sensitive


def convert_value_to_type_of_default_type(key, v, default_value):
    """The value as what the default is. Raises VdkConfigurationError where it cannot be."""
    builder = _native.ConfigurationBuilder()
    builder.add(_name(key), default_value, True, "", False, _MAIN)
    builder.set(_name(key), v, _MAIN, "")
    return builder.build().get(_name(key), _MAIN)


def _name(key):
    # Members of JobConfigKeys serve as keys.
    return str(key.value) if isinstance(key, Enum) else str(key)


def _section(section):
    return _MAIN if section is None else _name(section)


def _known_keys(native, section):
    if not native.has_section(section):
        raise ValueError(f"The configuration has no section {section}.")
    return native.keys(section)


class ConfigurationBuilder:
    def __init__(self):
        self._native = _native.ConfigurationBuilder()

    def add(
        self,
        key,
        default_value=None,
        show_default_value=True,
        description=None,
        is_sensitive=False,
        section=_MAIN,
    ):
        """Declares an option; values are converted to the type of its default."""
        self._native.add(
            _name(key),
            default_value,
            bool(show_default_value),
            description or "",
            bool(is_sensitive),
            _section(section),
        )
        return self

    def set_value(self, key, value, section=_MAIN):
        """Gives an option a value. The environment, the command line and secrets win over it."""
        giver = sys._getframe(1).f_globals.get("__name__", "")
        self._native.set(_name(key), value, _section(section), giver)
        return self

    def list_config_keys_from_main_sections(self):
        return self._native.keys(_MAIN)

    def list_config_keys_for_section(self, section):
        return _known_keys(self._native, _section(section))

    def list_all_section_names(self):
        return self._native.sections()

    def build(self):
        return _wrapped(self._native.build())


class Configuration:
    def __init__(self, sections=None):
        builder = _native.ConfigurationBuilder()
        for section, entries in (sections or {}).items():
            for key, entry in entries.items():
                builder.add(
                    _name(key),
                    entry.default,
                    True,
                    entry.description or "",
                    bool(entry.sensitive),
                    _section(section),
                )
                if entry.value is not None:
                    builder.set(_name(key), entry.value, _section(section), "")
        self._native = builder.build()

    def get_value(self, key, section=None):
        return self._native.get(_name(key), _section(section))

    def get_required_value(self, key, section=None):
        return self._native.get_required(_name(key), _section(section))

    def override_value(self, key, value, section=None):
        """Gives an option a value that wins over all others."""
        giver = sys._getframe(1).f_globals.get("__name__", "")
        self._native.override(_name(key), value, _section(section), giver)

    def get_description(self, key, section=None):
        return self._native.description(_name(key), _section(section))

    def is_sensitive(self, key, section=None):
        return self._native.is_sensitive(_name(key), _section(section))

    def is_default(self, key, section=None):
        return self._native.is_default(_name(key), _section(section))

    def list_sections(self):
        return self._native.sections()

    def list_keys_in_section(self, section):
        return _known_keys(self._native, _section(section))

    def list_config_keys_from_main_sections(self):
        return self._native.keys(_MAIN)

    list_config_keys = list_config_keys_from_main_sections

    def __getitem__(self, key):
        if isinstance(key, tuple):
            section, key = key
            return self.get_value(key, section)
        return self.get_value(key)

    def __deepcopy__(self, memo):
        return _wrapped(self._native.copy())


def _wrapped(native):
    made = Configuration.__new__(Configuration)
    made._native = native
    return made


def builder_of(native):
    """The ConfigurationBuilder for one of the program's."""
    made = ConfigurationBuilder.__new__(ConfigurationBuilder)
    made._native = native
    return made
