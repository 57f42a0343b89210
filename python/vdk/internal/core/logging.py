"""Loggers that know more than their messages."""

import logging


class _BoundLogger(logging.LoggerAdapter):
    def process(self, msg, kwargs):
        kwargs["extra"] = {**self.extra, **(kwargs.get("extra") or {})}
        return msg, kwargs


def bind_logger(log, context):
    """The logger, with the values of the dict as `extra` of each record."""
    return _BoundLogger(log, context)
