"""Python's logging inside a run: records of a job's own loggers go where the program's go, in the same form,
and handlers of the job see the program's records."""

import sys

from vdk import _native


def configure(logging):
    if not _native.configures_logging():
        return
    connect(logging)
    logging.root.addHandler(_run_handler(logging))
    logging.root.setLevel(_verbosity(sys.argv))
    for name, level in _native.logger_levels().items():
        _set_level(logging.getLogger(name), level)


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
        """Hands records to the program, which hides secrets and knows the form of its log."""

        def emit(self, record):
            try:
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


def connect(logging):
    """Hands the program's own records, which are printed already, to whatever other handlers there are."""

    def receive(level, name, message, file, line, function):
        logger = logging.getLogger(name)
        if logger.isEnabledFor(level):
            record = logger.makeRecord(name, level, file, line, message, (), None, function)
            record._vdk_printed = True
            logger.handle(record)

    _native.set_record_receiver(receive)


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
