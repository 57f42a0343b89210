"""What an error of a database driver says about the connection: whether another attempt may help, and who can act.

Drivers share no classes, so this reads what they do share: SQLSTATE, the names of PEP 249's classes, the errors of the operating system, and, last, the text.
"""

import errno
import re

# Classes of PEP 249 that say "the statement is wrong": the server has answered.
_ANSWERS = {"ProgrammingError", "DataError", "IntegrityError", "NotSupportedError"}

_LOST_STATES = re.compile(r"08\w{3}|57P0[123]|53300|HYT0[01]")
_LOST_ERRNOS = {
    errno.ECONNREFUSED,
    errno.ECONNRESET,
    errno.ECONNABORTED,
    errno.EPIPE,
    errno.ETIMEDOUT,
    errno.EHOSTUNREACH,
    errno.ENETUNREACH,
    errno.ENETDOWN,
    errno.EAGAIN,
}
_LOST_TEXT = re.compile(
    r"connection (\w+ )*(refused|reset|closed|lost|aborted|terminated|timed ?out)"
    r"|(could not|can't|cannot|unable to) connect|lost connection|gone away|server closed"
    r"|timed? ?out|temporar(y|ily)|unavailable|broken pipe|unreachable|no route to host"
    r"|too many (connections|clients)|connection slots|starting up|shutting down|in recovery"
    r"|\beof\b|try again|ORA-(03113|03114|12170|12514|12528|12537|12541)|DPY-(4011|6005|6000|1001)",
    re.IGNORECASE,
)
_REFUSED_STATES = re.compile(r"28\w{3}|3D000|42501")
_REFUSED_TEXT = re.compile(
    r"password|authenticat|authoriz|credential|(access|permission) denied|login failed"
    r"|(role|database|user) .* does not exist|unknown (database|user)|certificate|ORA-01017",
    re.IGNORECASE,
)
_RESOURCE_STATES = re.compile(r"53\w{3}|58\w{3}|57014|40\w{3}|55P03")
_RESOURCE_TEXT = re.compile(
    r"database is locked|disk (is )?full|disk I/O error|no space left|out of memory"
    r"|unable to open database|readonly database|malformed|deadlock",
    re.IGNORECASE,
)


def is_transient(error):
    """Whether what kept a connection from being opened may be gone at the next attempt."""
    marked = getattr(error, "_vdk_transient", None)
    if marked is not None:
        return marked
    state = _sqlstate(error)
    if state:
        return bool(_LOST_STATES.fullmatch(state))
    if isinstance(error, OSError):
        return isinstance(error, (ConnectionError, TimeoutError)) or error.errno in _LOST_ERRNOS
    if not isinstance(error, Exception) or _is_programming_mistake(error):
        return False
    text = str(error)
    return not _REFUSED_TEXT.search(text) and bool(_LOST_TEXT.search(text))


def server_answered(error):
    """Whether an error of the probe came from a server that is there: it refused the statement, not the connection."""
    state = _sqlstate(error)
    if state:
        return not _LOST_STATES.fullmatch(state)
    if is_transient(error) or _class_names(error).isdisjoint(_ANSWERS):
        return False
    # sqlite3 and others say it of a connection that was closed.
    return "closed" not in str(error)


def blamed_on_platform(error):
    """Whether a statement failed for a reason that its author cannot mend."""
    state = _sqlstate(error)
    if state:
        return bool(_LOST_STATES.fullmatch(state) or _RESOURCE_STATES.fullmatch(state))
    if isinstance(error, (OSError, MemoryError)) or is_transient(error):
        return True
    return _class_names(error).isdisjoint(_ANSWERS) and bool(_RESOURCE_TEXT.search(str(error)))


def _sqlstate(error):
    # psycopg has sqlstate, psycopg2 pgcode, ODBC's drivers give it first.
    for state in (getattr(error, "sqlstate", None), getattr(error, "pgcode", None)):
        if isinstance(state, str) and len(state) == 5:
            return state
    first = error.args[0] if error.args else None
    if isinstance(first, str) and len(first) == 5 and len(error.args) > 1 and first.isalnum():
        return first
    return None


def _class_names(error):
    return {kind.__name__ for kind in type(error).__mro__}


def _is_programming_mistake(error):
    mistakes = (ArithmeticError, AttributeError, ImportError, LookupError, NameError, TypeError)
    if isinstance(error, mistakes + (AssertionError, NotImplementedError, ValueError)):
        return True
    return not _class_names(error).isdisjoint(_ANSWERS | {"VdkConfigurationError"})
