"""Decides whether the author of a job or the platform has to resolve an exception."""

import os

from vdk.internal.core.error_classifiers import ResolvableBy, get_exception_resolvable_by

_JOB_INPUT = __file__.replace(
    "internal/builtin_plugins/run/job_input_error_classifier", "host/job_input"
)


def whom_to_blame(exception, executor_module=None, data_job_path=None):
    """The kind of the exception.

    A tag decides. Without one, what the job's own code or the limits of its process raised is the user's; what our own
    part of the call stack raised is the platform's.
    """
    tag = get_exception_resolvable_by(exception)
    if tag is not None:
        return tag
    from vdk.internal.core.errors import BaseVdkError

    if isinstance(exception, BaseVdkError):
        return ResolvableBy.PLATFORM_ERROR
    if _exceeds_limits(exception):
        return ResolvableBy.USER_ERROR
    files = _files(exception)
    if not files:
        # A step that cannot even be compiled has no frame of its own.
        return (
            ResolvableBy.USER_ERROR
            if isinstance(exception, SyntaxError)
            else ResolvableBy.PLATFORM_ERROR
        )
    if data_job_path and str(data_job_path) in files[-1]:
        return ResolvableBy.USER_ERROR
    if executor_module is None:
        executor_module = __file__.replace("job_input_error_classifier", "file_based_step")
    executor_directory = os.path.dirname(executor_module) + os.sep
    for file in reversed(files):
        if file == executor_module:
            return ResolvableBy.USER_ERROR
        if file.startswith(executor_directory) or file == _JOB_INPUT:
            return ResolvableBy.PLATFORM_ERROR
    return ResolvableBy.USER_ERROR


def is_user_error(exception, data_job_path=None):
    return whom_to_blame(exception, None, data_job_path) == ResolvableBy.USER_ERROR


def _exceeds_limits(exception):
    text = str(exception)
    return (
        (isinstance(exception, OSError) and "File too large" in text)
        or (isinstance(exception, RuntimeError) and "can't start new thread" in text)
        or (
            type(exception).__name__.endswith("TimeoutError")
            and "duration" in text
            and "exceeded" in text
        )
        or isinstance(exception, MemoryError)
    )


def _files(exception):
    """The files of the call stack, outermost first."""
    files = []
    frame = exception.__traceback__
    while frame is not None:
        files.append(frame.tb_frame.f_code.co_filename)
        frame = frame.tb_next
    return files
