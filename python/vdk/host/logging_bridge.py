"""Python's logging inside a run: records of a job's own loggers go where the program's go, in the same form,
and handlers of the job see the program's records."""

import sys

from vdk import _native


def configure(logging):
    if not _native.configures_logging():
        return
    handler = _run_handler(logging)
    connect(logging, handler)
    logging.root.addHandler(handler)
    logging.root.setLevel(_verbosity(sys.argv))
    for name, level in _native.logger_levels().items():
        _set_level(logging.getLogger(name), level)


def connect(logging, own_handler=None):
    """Hands the program's records to whatever handlers there are; `own_handler` is the one that prints as the program does."""
    _native.set_record_receiver(Receiver(logging, own_handler))


class RecordsOf:
    """A context in which a process that is not ours logs as a run does: what its loggers say is in the program's log."""

    def __init__(self, words):
        import logging

        self._root = logging.root
        self._handler = _run_handler(logging)
        self._level = _verbosity(words)

    def __enter__(self):
        self._former = self._root.level
        self._root.addHandler(self._handler)
        _set_level(self._root, self._level)

    def __exit__(self, *_):
        self._root.removeHandler(self._handler)
        self._root.setLevel(self._former)


def _run_handler(logging):
    class RunHandler(logging.Handler):
        """Hands records to the program, which hides secrets and knows the form of its log. With a formatter, which only
        others give it, prints what that makes of them."""

        def emit(self, record):
            try:
                if self.formatter is not None:
                    sys.stderr.write(_native.redact(self.format(_redacted(logging, record))) + "\n")
                    return
                message = record.getMessage()
                if record.exc_info:
                    if not record.exc_text:
                        record.exc_text = logging.Formatter().formatException(record.exc_info)
                    message += "\n" + record.exc_text
                if record.stack_info:
                    message += "\n" + record.stack_info
                if getattr(record, "_vdk_printed", False):
                    return
                _native.print_record(
                    record.levelno,
                    record.name,
                    message,
                    record.filename,
                    record.lineno,
                    record.funcName or "",
                )
            except Exception:
                self.handleError(record)

    return RunHandler()


def _redacted(logging, record):
    """The record for a formatter that may write its message in another way than it is."""
    copy = logging.makeLogRecord(record.__dict__)
    copy.msg, copy.args = _native.redact(record.getMessage()), None
    return copy


class Receiver:
    """Takes the program's own records."""

    def __init__(self, logging, own_handler):
        self._logging = logging
        self._own = own_handler

    def receive(self, level, name, message, file, line, function, printed):
        if not printed and not self._logging.root.handlers:  # who was to print it is gone
            _native.print_record(level, name, message, file, line, function)
            return
        logger = self._logging.getLogger(name)
        if logger.isEnabledFor(level):
            record = logger.makeRecord(name, level, file, line, message, (), None, function)
            record._vdk_printed = printed
            logger.handle(record)

    def others_print(self):
        """Whether somebody has put other handlers in the place of the program's, or has given it a formatter."""
        handlers = self._logging.root.handlers
        if self._own in handlers:
            return self._own.formatter is not None
        return self._own is not None and bool(handlers)


def _set_level(logger, level):
    try:
        logger.setLevel(level)
    except ValueError as error:
        _native.log(30, "vdk.logging", f"log_level_module names an unknown level: {error}")


def _verbosity(words):
    """What -v asked for; log_level_vdk is the level of the program's own records only."""
    level = "INFO"
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word in ("-v", "--verbosity"):
            level = following
        elif word.startswith("--verbosity="):
            level = word.partition("=")[2]
        elif word == "run":
            break
    return level.upper()
