"""Small helpers that plugins import."""

from contextlib import contextmanager
from functools import wraps


@contextmanager
def closing_noexcept_on_close(thing):
    """Closes the thing at the end; what closing raises is logged and does no harm."""
    try:
        yield thing
    finally:
        try:
            thing.close()
        except Exception as error:
            import logging

            logging.getLogger(__name__).debug("Closing %s failed: %s", type(thing).__name__, error)


class LogDecorator:
    """Logs, at debug level, when a function is called and when it has ended."""

    def __init__(self, logger, message=None):
        self._logger = logger
        self._message = message

    def __call__(self, function):
        message = self._message or function.__name__

        @wraps(function)
        def logged(*args, **kwargs):
            self._logger.debug("%s: begins", message)
            try:
                return function(*args, **kwargs)
            finally:
                self._logger.debug("%s: has ended", message)

        return logged
