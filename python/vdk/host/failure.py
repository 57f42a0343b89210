"""What the program says about a Python exception."""

import os

from vdk.host.python_step import directories


def describe(exception, job_directory, error_format):
    """(class name, message, places, who can resolve it): the job's own files, the innermost last, then a plugin's hook."""
    return (
        type(exception).__name__,
        _message(exception, error_format),
        _locations(exception, job_directory),
        _resolvable_by(exception, job_directory),
    )


def _message(exception, error_format):
    own = getattr(exception, "_vdk_core_text", None)
    if own is not None:
        return own
    if isinstance(getattr(exception, "_lines", None), list):
        from vdk.internal.core import errors

        if isinstance(exception, errors.BaseVdkError):
            pretty = error_format == "pretty"
            (errors.pretty_vdk_error_formatter if pretty else errors.plain_vdk_error_formatter)(
                exception
            )
    return str(exception)


def _locations(exception, job_directory):
    places = []
    frame = exception.__traceback__
    while frame is not None:
        code = frame.tb_frame.f_code
        place = _relative(code.co_filename, job_directory)
        if place:
            function = code.co_name if code.co_name != "<module>" else "top level"
            places.append(f"{place}:{frame.tb_lineno} in {function}")
        frame = frame.tb_next
    if isinstance(exception, SyntaxError) and exception.filename:
        place = _relative(exception.filename, job_directory)
        if place:
            source = (exception.text or "").strip()
            places.append(f"{place}:{exception.lineno}" + (f": {source}" if source else ""))
    if hasattr(exception, "_vdk_hook"):
        places.append(exception._vdk_hook)
    return _fold(places)


def _relative(file, job_directory):
    """The file as seen from the job's directory, or from beside the directory of a template; else None."""
    if job_directory and file.startswith(job_directory + os.sep):
        return file[len(job_directory) + 1 :]
    for directory in directories:
        if file.startswith(directory + os.sep):
            return file[len(os.path.dirname(directory)) + 1 :]
    return None


def _fold(places):
    """A recursion is one place, however deep it went."""
    folded = []
    for place in places:
        if len(folded) >= 3 and folded[-3:] == [place] * 3:
            continue
        folded.append(place)
    return folded


def _resolvable_by(exception, job_directory):
    from vdk.internal.builtin_plugins.run.job_input_error_classifier import whom_to_blame
    from vdk.internal.core.error_classifiers import set_exception_resolvable_by

    kind = whom_to_blame(exception, data_job_path=job_directory or None)
    # Who is nearest to the cause decides: what a template blames on its user, its caller does too.
    set_exception_resolvable_by(exception, kind)
    return kind.value
