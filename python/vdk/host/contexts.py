"""The contexts that hooks get, made for the program's own."""

from vdk.internal.builtin_plugins.run.execution_state import ExecutionStateStoreKeys
from vdk.internal.core.config import _wrapped
from vdk.internal.core.context import CoreContext
from vdk.internal.core.statestore import CommonStoreKeys, Late, StateStore


def core_context(registry, configuration, version, ids, start):
    """Of a command. `configuration` is one of the program's, `start` seconds of the epoch."""
    configuration = _wrapped(configuration)
    state = StateStore()
    state.set(CommonStoreKeys.OP_ID, ids[0])
    state.set(CommonStoreKeys.EXECUTION_ID, ids[1])
    state.set(CommonStoreKeys.ATTEMPT_ID, ids[2])
    state.set(CommonStoreKeys.START_TIME, Late(lambda: _naive_utc(start)))
    state.set(CommonStoreKeys.VDK_VERSION, version)
    directory = configuration.get_value("temporary_write_directory")
    if directory:
        state.set(CommonStoreKeys.TEMPORARY_WRITE_DIRECTORY, _LatePath(directory))
    return CoreContext(registry, configuration, state)


def _naive_utc(seconds):
    from datetime import datetime, timedelta

    return datetime(1970, 1, 1) + timedelta(seconds=seconds)


class _LatePath(Late):
    """pathlib takes a tenth of the time of a small run: it comes with the first who asks."""

    __slots__ = ("text",)

    def __init__(self, text):
        super().__init__(self._path)
        self.text = text

    def _path(self):
        import pathlib

        return pathlib.Path(self.text)


def _late_path(text):
    return _LatePath(text) if text else None


def _late_registry(name, *arguments):
    def make():
        from vdk.host import job_registries

        return getattr(job_registries, name)(*arguments)

    return Late(make)


def job_context(core, configuration, native, job_input, template_name):
    """Of a job or template. `configuration` is the program's where it is not that of `core`."""
    from vdk.internal.builtin_plugins.run.job_context import JobContext

    child = core._child(core.configuration if configuration is None else _wrapped(configuration))
    state = child.state
    state.set(ExecutionStateStoreKeys.JOB_NAME, native.name)
    state.set(ExecutionStateStoreKeys.JOB_GIT_HASH, child.configuration.get_value("job_githash"))
    for key in (
        ExecutionStateStoreKeys.STEPS_STARTED,
        ExecutionStateStoreKeys.STEPS_SUCCEEDED,
        ExecutionStateStoreKeys.STEPS_FAILED,
    ):
        state.set(key, [])
    if template_name:
        state.set(ExecutionStateStoreKeys.TEMPLATE_NAME, template_name)
    context = JobContext(
        native.name,
        _late_path(native.directory),
        child,
        native.arguments(),
        _late_registry("Templates", native),
    )
    context.connections = _late_registry("Connections", native, core.plugin_registry)
    context.ingester = _late_registry("Ingester", native, core.plugin_registry, job_input)
    context.properties = _late_registry("Properties", native, core.plugin_registry)
    context.secrets = _late_registry("Secrets", native, core.plugin_registry)
    context.job_input = job_input
    context._native = native
    return context


def python_step(step):
    """The Step for a file of the program's: (name, type, file, directory)."""
    from vdk.internal.builtin_plugins.run import file_based_step as files
    from vdk.internal.builtin_plugins.run.step import Step

    name, kind, file, directory = step
    runner = {
        files.TYPE_PYTHON: files.StepFuncFactory.run_python_step,
        files.TYPE_SQL: files.StepFuncFactory.run_sql_step,
    }.get(kind)
    return Step(name, kind, runner, _late_path(file), _late_path(directory))


def core_fields(step):
    """(name, type, file, directory, whether the program runs it as it would without plugins)."""
    return (
        str(step.name),
        str(step.type),
        _text(step, "file_path"),
        _text(step, "job_dir"),
        _is_plain(step),
    )


def _text(step, attribute):
    value = getattr(step, "__dict__", {}).get("_late_" + attribute)
    if type(value) is _LatePath:
        return value.text
    value = getattr(step, attribute, None)
    return "" if value is None else str(value)


def _is_plain(step):
    from vdk.internal.builtin_plugins.run import file_based_step as files

    own = {
        files.TYPE_PYTHON: files.StepFuncFactory.run_python_step,
        files.TYPE_SQL: files.StepFuncFactory.run_sql_step,
    }.get(step.type)
    return own is not None and getattr(step, "runner_func", None) is own


def note_step_start(context, step):
    context.core_context.state.get(ExecutionStateStoreKeys.STEPS_STARTED).append(step.name)


def note_step_end(context, step, result):
    failed = getattr(result, "status", None) == "error"
    key = (
        ExecutionStateStoreKeys.STEPS_FAILED if failed else ExecutionStateStoreKeys.STEPS_SUCCEEDED
    )
    context.core_context.state.get(key).append(step.name)


def note_result(context, result):
    context.core_context.state.set(ExecutionStateStoreKeys.EXECUTION_RESULT, result)
