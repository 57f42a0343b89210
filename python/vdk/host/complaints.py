"""Errors of the host itself, in the four parts of the core's own: what, why, what it means, what to do."""


def user_error(what, why, consequence, countermeasure):
    return _error("User Error", what, why, consequence, countermeasure)


def configuration_error(what, why, consequence, countermeasure):
    return _error("Configuration error", what, why, consequence, countermeasure)


def _error(kind, *parts):
    from vdk.internal.core.errors import from_core

    return from_core("", kind, *parts)
