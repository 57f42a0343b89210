"""Who can resolve an error, and the registry of what was reported in this process."""

from enum import Enum

MSG_CONSEQUENCE_DELEGATING_TO_CALLER__LIKELY_EXECUTION_FAILURE = (
    "The exception goes on to the caller. Most likely the current data job will fail."
)
MSG_CONSEQUENCE_TERMINATING_APP = "The data job will not be executed. The program ends."
MSG_COUNTERMEASURE_FIX_PARENT_EXCEPTION = (
    "See the exception and correct the problem that causes it."
)

ATTR_VDK_RESOLVABLE_BY = "_vdk_resolvable_by"
ATTR_VDK_RESOLVABLE_ACTUAL = "_vdk_resolvable_actual"


class ResolvableBy(str, Enum):
    """The kind of an error."""

    PLATFORM_ERROR = "Platform error"
    USER_ERROR = "User Error"
    CONFIG_ERROR = "Configuration error"


class ResolvableByActual(str, Enum):
    """Who has to act."""

    PLATFORM = "Platform"
    USER = "User"


CONFIGURATION_ERRORS_ARE_TO_BE_RESOLVED_BY = ResolvableByActual.PLATFORM


class Resolvable:
    """One reported error."""

    def __init__(
        self, resolvable_by, resolvable_by_actual, error_message, exception, resolved=False
    ):
        self.resolvable_by = resolvable_by
        self.resolvable_by_actual = resolvable_by_actual
        self.error_message = error_message
        self.exception = exception
        self.resolved = resolved


class ResolvableContext:
    """Every error that was reported in this process, by who has to act."""

    _instance = None

    def __init__(self):
        self.resolvables = {}

    @classmethod
    def instance(cls):
        if ResolvableContext._instance is None:
            ResolvableContext._instance = cls()
        return ResolvableContext._instance

    def add(self, resolvable):
        self.resolvables.setdefault(resolvable.resolvable_by_actual, []).append(resolvable)

    def clear(self):
        self.resolvables.clear()

    def mark_all_resolved(self):
        for reported in self.resolvables.values():
            for resolvable in reported:
                resolvable.resolved = True


def resolvable_context():
    return ResolvableContext.instance()


def clear_intermediate_errors():
    resolvable_context().clear()


def _actual(resolvable_by):
    if resolvable_by == ResolvableBy.USER_ERROR:
        return ResolvableByActual.USER
    if resolvable_by == ResolvableBy.CONFIG_ERROR:
        return CONFIGURATION_ERRORS_ARE_TO_BE_RESOLVED_BY
    return ResolvableByActual.PLATFORM


def set_exception_resolvable_by(exception, resolvable_by):
    """Tags the exception; classes that allow no attributes stay untagged."""
    try:
        setattr(exception, ATTR_VDK_RESOLVABLE_BY, resolvable_by)
        setattr(exception, ATTR_VDK_RESOLVABLE_ACTUAL, _actual(resolvable_by))
    except AttributeError:
        pass


def get_exception_resolvable_by(exception):
    return getattr(exception, ATTR_VDK_RESOLVABLE_BY, None)


def get_exception_resolvable_by_actual(exception):
    return getattr(exception, ATTR_VDK_RESOLVABLE_ACTUAL, None)


def _unresolved(actual):
    return [one for one in resolvable_context().resolvables.get(actual, ()) if not one.resolved]


def get_blamee_overall():
    """The user where an unresolved error is the user's, else the platform where one is the platform's, else None."""
    for actual in (ResolvableByActual.USER, ResolvableByActual.PLATFORM):
        if _unresolved(actual):
            return actual
    return None


def get_blamee_overall_user_error():
    unresolved = _unresolved(ResolvableByActual.USER)
    return str(unresolved[0].exception) if unresolved else ""


def find_whom_to_blame_from_exception(exception):
    return get_exception_resolvable_by(exception) or ResolvableBy.PLATFORM_ERROR


def exception_matches(e, classname_with_package, exception_message_matcher_regex):
    """Whether class (with its package) and text match the two patterns from end to end."""
    import re

    kind = type(e)
    name = (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )
    return bool(
        re.fullmatch(classname_with_package, name)
        and re.fullmatch(exception_message_matcher_regex, str(e).strip(), re.DOTALL)
    )


def MSG_WHY_FROM_EXCEPTION(exception):
    """Why it happened, in the exception's words, or in ours where its own do not help."""
    text = str(exception).strip()
    if type(exception) is OSError and "File too large" in text:
        return "The data job wrote a file beyond the allowed size. Write less, or raise the limit."
    if type(exception) is RuntimeError and "can't start new thread" in text:
        return "No further thread could be started. Use fewer threads in the data job."
    return text
