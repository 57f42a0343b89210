"""Calls of the ingestion plugins of Python: what they get, what is done with what they return, and who is to blame."""

from vdk.api.plugin.plugin_input import IIngesterPlugin

_VARIABLE_KEYWORD = 0x08


def make(factory, method):
    """The plugin that a registered factory gives."""
    plugin = factory()
    if plugin is None or not hasattr(plugin, "ingest_payload"):
        from vdk.host.complaints import configuration_error

        raise configuration_error(
            f"The ingestion method {method} has no plugin behind it.",
            f"What was registered for it gave an object of the class {type(plugin).__name__}.",
            "Nothing was sent.",
            "Correct the plugin, or choose another method.",
        )
    return plugin


def ingest(plugin, payload, table, target, collection_id, metadata):
    """Stores the rows; returns the metadata for what comes after."""
    if metadata:
        metadata.pop(IIngesterPlugin.UPDATED_DYNAMIC_PARAMS, None)
    return _follow(
        plugin.ingest_payload,
        payload=payload,
        destination_table=table,
        target=target,
        collection_id=collection_id,
        metadata=metadata,
    )


def preprocess(plugin, payload, table, target, collection_id, metadata, method):
    """(rows, metadata, table, target, collection id): the last three as they shall be, or None where they stay."""
    try:
        answer = _call(
            plugin.pre_ingest_process,
            payload=payload,
            destination_table=table,
            target=target,
            collection_id=collection_id,
            metadata=metadata,
            method=method,
        )
        if not isinstance(answer, (tuple, list)) or len(answer) != 2:
            raise _broken_promise(plugin, table, target, type(answer).__name__)
        payload, metadata = answer
        if not isinstance(payload, list):
            payload = list(payload)
        wrong = next((row for row in payload if not isinstance(row, dict)), None)
        if wrong is not None:
            raise _broken_promise(plugin, table, target, f"rows of {type(wrong).__name__}")
    except BaseException as error:
        _blame(error)
        raise
    changed = (metadata or {}).get(IIngesterPlugin.UPDATED_DYNAMIC_PARAMS) or {}
    return (
        payload,
        metadata,
        changed.get(IIngesterPlugin.DESTINATION_TABLE_KEY) or None,
        changed.get(IIngesterPlugin.TARGET_KEY) or None,
        changed.get(IIngesterPlugin.COLLECTION_ID_KEY) or None,
    )


def postprocess(plugin, payload, table, target, collection_id, metadata, exception, method):
    """Tells how the rows fared; returns the metadata for what comes after."""
    return _follow(
        plugin.post_ingest_process,
        payload=payload,
        destination_table=table,
        target=target,
        collection_id=collection_id,
        metadata=metadata,
        exception=exception,
        method=method,
    )


def _follow(method, /, metadata, **arguments):
    """The metadata after the call: what it returns, or what there was."""
    try:
        answer = _call(method, metadata=metadata, **arguments)
    except BaseException as error:
        _blame(error)
        raise
    return metadata if answer is None else answer


def _broken_promise(plugin, table, target, given):
    from vdk.internal.builtin_plugins.ingestion.exception import PreProcessPayloadIngestionException
    from vdk.internal.core.errors import ResolvableBy

    return PreProcessPayloadIngestionException(
        "",
        table or "",
        target or "",
        f"{type(plugin).__name__}.pre_ingest_process returned {given}. It is to return a pair: "
        "a list of dicts, and metadata. The rows were not stored.",
        ResolvableBy.PLATFORM_ERROR,
    )


def _call(method, /, **arguments):
    """Leaves out what the method does not take: plugins were written for other versions too."""
    code = getattr(getattr(method, "__func__", method), "__code__", None)
    if code is None:
        taken = _taken_by_signature(method)
    elif code.co_flags & _VARIABLE_KEYWORD:
        taken = None
    else:
        taken = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    if taken is not None and not all(name in taken for name in arguments):
        arguments = {name: value for name, value in arguments.items() if name in taken}
    return method(**arguments)


def _taken_by_signature(method):
    import inspect

    try:
        parameters = inspect.signature(method).parameters
    except (TypeError, ValueError):
        return None
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return None
    return tuple(parameters)


def _blame(error):
    """The platform, unless the exception says otherwise itself: the rows had been taken."""
    from vdk.internal.core.error_classifiers import (
        ResolvableBy,
        get_exception_resolvable_by,
        set_exception_resolvable_by,
    )

    if get_exception_resolvable_by(error) is None:
        set_exception_resolvable_by(error, ResolvableBy.PLATFORM_ERROR)
