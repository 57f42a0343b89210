"""Exceptions of the kit, and how they are reported."""

from vdk.internal.core.error_classifiers import *  # noqa: F401,F403
from vdk.internal.core.error_classifiers import (
    ATTR_VDK_RESOLVABLE_ACTUAL,  # noqa: F401
    ATTR_VDK_RESOLVABLE_BY,  # noqa: F401
    Resolvable,
    ResolvableBy,
    _actual,
    get_exception_resolvable_by,
    resolvable_context,
    set_exception_resolvable_by,
)


class ErrorMessage:
    """What happened, why, what follows from it, and what to do."""

    def __init__(self, summary, what, why, consequences, countermeasures):
        self.summary = summary
        self.what = what
        self.why = why
        self.consequences = consequences
        self.countermeasures = countermeasures

    def _labelled(self, line_end):
        labelled = (
            ("WHAT HAPPENED", self.what),
            ("WHY IT HAPPENED", self.why),
            ("CONSEQUENCES", self.consequences),
            ("COUNTERMEASURES", self.countermeasures),
        )
        return line_end.join(
            [str(self.summary), *(f"{label:>15} : {text}" for label, text in labelled)]
        )

    def __str__(self):
        return self._labelled("\n")

    def to_html(self):
        return self._labelled("<br />")


class BaseVdkError(Exception):
    """The root of the kit's own exceptions. The text is one ErrorMessage, one dict, or any number of lines."""

    def __init__(self, vdk_resolvable_actual=None, resolvable_by=None, *lines):
        header = (
            f"{type(self).__name__}: An error of resolvable type {vdk_resolvable_actual} occurred"
        )
        if len(lines) == 1 and isinstance(lines[0], ErrorMessage):
            lines = vars(lines[0]).values()
        elif len(lines) == 1 and isinstance(lines[0], dict):
            lines = lines[0].values()
        self._lines = [header, *(str(line) for line in lines)]
        super().__init__(str(self._lines))
        self._vdk_resolvable_by = resolvable_by
        self._vdk_resolvable_actual = vdk_resolvable_actual
        self._pretty_message = " ".join(self._lines)

    def __str__(self):
        return self._pretty_message


class PlatformServiceError(BaseVdkError):
    """The platform has to act: a service, the network, this program."""

    def __init__(self, *lines):
        super().__init__(_actual(ResolvableBy.PLATFORM_ERROR), ResolvableBy.PLATFORM_ERROR, *lines)


class DomainError(BaseVdkError):
    """Follows from the input and comes again with it."""


class VdkConfigurationError(BaseVdkError):
    """A configuration value is missing or wrong."""

    def __init__(self, *lines):
        super().__init__(_actual(ResolvableBy.CONFIG_ERROR), ResolvableBy.CONFIG_ERROR, *lines)


class UserCodeError(BaseVdkError):
    """The job's own code or data is wrong."""

    def __init__(self, *lines):
        super().__init__(_actual(ResolvableBy.USER_ERROR), ResolvableBy.USER_ERROR, *lines)


class SkipRemainingStepsException(BaseVdkError):
    """Ends the job successfully without its remaining steps."""

    def __init__(self, *lines):
        super().__init__(None, None, *lines)


# Classes that the core's errors have and that are in modules of their own.
_ELSEWHERE = {
    "WritePreProcessPropertiesException": "job_properties",
    "WritePreProcessSecretsException": "job_secrets",
}


def _from_elsewhere(type_name):
    from importlib import import_module

    module = import_module(f"vdk.internal.builtin_plugins.{_ELSEWHERE[type_name]}.exception")
    return getattr(module, type_name)


def from_core(type_name, resolvable_by, what, why, consequence, countermeasure):
    """The exception for an error of the native core."""
    known = {
        kind.__name__: kind
        for kind in (PlatformServiceError, VdkConfigurationError, UserCodeError, DomainError)
    }
    fallback = {
        ResolvableBy.PLATFORM_ERROR: PlatformServiceError,
        ResolvableBy.CONFIG_ERROR: VdkConfigurationError,
        ResolvableBy.USER_ERROR: UserCodeError,
    }
    lines = [line for line in (what, why, consequence, countermeasure) if line]
    by = ResolvableBy(resolvable_by)
    if type_name in _ELSEWHERE:
        exception = _from_elsewhere(type_name)(" ".join(lines), resolvable_by=by)
        exception._lines[1:] = lines
    else:
        exception = (known.get(type_name) or fallback[by])(*lines)
    exception._vdk_core_text = "\n".join(exception._lines[1:])
    return exception


def report(error_type, exception):
    """Tags the exception with its kind and keeps it in the registry."""
    set_exception_resolvable_by(exception, error_type)
    resolvable_context().add(Resolvable(error_type, _actual(error_type), str(exception), exception))


def report_and_throw(exception, resolvable_by=None):
    report(
        resolvable_by or get_exception_resolvable_by(exception) or ResolvableBy.PLATFORM_ERROR,
        exception,
    )
    raise exception


def report_and_rethrow(error_type, exception):
    report(error_type, exception)
    raise exception


def log_exception(log, exception, *lines):
    log.error("\n".join(str(line) for line in lines), exc_info=exception)


def log_and_throw(
    to_be_fixed_by, log, what_happened, why_it_happened, consequences, countermeasures
):
    """Kept for existing plugins; report_and_throw is the way now."""
    kinds = {
        ResolvableBy.PLATFORM_ERROR: PlatformServiceError,
        ResolvableBy.USER_ERROR: UserCodeError,
        ResolvableBy.CONFIG_ERROR: VdkConfigurationError,
    }
    exception = kinds[to_be_fixed_by](what_happened, why_it_happened, consequences, countermeasures)
    report(to_be_fixed_by, exception)
    log.error(str(exception))
    raise exception


def log_and_rethrow(
    to_be_fixed_by,
    log,
    what_happened=None,
    why_it_happened=None,
    consequences=None,
    countermeasures=None,
    exception=None,
    wrap_in_vdk_error=False,
):
    """Kept for existing plugins; report_and_rethrow is the way now."""
    lines = [
        line for line in (what_happened, why_it_happened, consequences, countermeasures) if line
    ]
    log.error("\n".join(lines), exc_info=exception)
    if wrap_in_vdk_error and not isinstance(exception, BaseVdkError):
        kinds = {
            ResolvableBy.PLATFORM_ERROR: PlatformServiceError,
            ResolvableBy.CONFIG_ERROR: VdkConfigurationError,
        }
        wrapped = kinds.get(to_be_fixed_by, UserCodeError)(*lines)
        report(to_be_fixed_by, wrapped)
        raise wrapped from exception
    report(to_be_fixed_by, exception)
    raise exception


def plain_vdk_error_formatter(ex):
    """Makes the exception's text the header on a line of its own, then everything else."""
    ex._pretty_message = ex._lines[0] + "\n" + " ".join(ex._lines[1:])


def pretty_vdk_error_formatter(ex):
    """Makes the exception's text a box as wide as its header asks for."""
    header = ex._lines[0]
    width = len(header) + 8
    side = "+" * width
    room = width - 4
    rows = [side, f"+{header:^{width - 2}}+", side]
    for line in ex._lines[1:]:
        rest = line
        while rest:
            part = rest[:room]
            if len(rest) > room and " " in part.strip():
                part = part[: part.rstrip().rfind(" ") + 1]
            rows.append(f"+  {part.strip():<{room}}+")
            rest = rest[len(part) :]
    ex._pretty_message = "\n" + "\n".join([*rows, side])
