"""Small helpers that plugins import."""


def class_fqname(py_object):
    """The name of the object's class, with its module unless it is built in."""
    kind = type(py_object)
    module = kind.__module__
    return kind.__name__ if module in (None, "builtins") else f"{module}.{kind.__name__}"


def parse_config_sequence(cfg, key, sep=None):
    """The parts of an option's text, without blanks around them; none where it is not set."""
    text = cfg.get_value(key)
    if not text:
        return []
    return [part.strip() for part in str(text).split(sep) if part.strip()]


def log_plugin_load_fail(logger, message, exception):
    logger.warning("%s: %s: %s", message, type(exception).__name__, exception)
