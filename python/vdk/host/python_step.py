"""Runs one Python step: loads the file as a module of its own and calls its `run`."""

import os
import sys
from _frozen_importlib import ModuleSpec, module_from_spec
from _frozen_importlib_external import SourceFileLoader

_VARIABLE_POSITIONAL = 0x04
_VARIABLE_KEYWORD = 0x08
_GENERATOR = 0x20
_ASYNC_GENERATOR = 0x200


# Of the jobs and templates whose steps ran in this process: their files are the user's own.
directories = set()


def run_step(path, name, job_directory, job_input):
    """Says whether the file has a `run`; its top-level code has run in any case."""
    directories.add(job_directory)
    sys.path.insert(0, job_directory)
    try:
        module = load_module(path, name)
        run = find_run(module)
        if run is None:
            _warn_not_runnable(name)
            return False
        call_run(run, name, job_input)
        rejected = job_input._take_rejected()
        if rejected is not None:
            raise rejected
        return True
    finally:
        terminal = sys.modules.get("vdk.host.terminal")
        if terminal is not None:
            terminal.flush()
        # The step may have changed sys.path; as many of our entries as we put there go. The list
        # itself stays as it is: a thread that imports walks along it, and would miss an entry.
        if job_directory in sys.path:
            without = list(sys.path)
            without.remove(job_directory)
            sys.path = without


def run_plugin_step(step, job_input):
    """Runs a step by the function that a plugin gave it."""
    if step.job_dir is not None:
        directories.add(str(step.job_dir))
    ran = step.runner_func(step, job_input)
    take_rejected = getattr(job_input, "_take_rejected", None)
    rejected = take_rejected() if take_rejected is not None else None
    if rejected is not None:
        raise rejected
    return bool(ran)


def module_name(name):
    # The characters, not the suffix: `__name__` and loggers of existing jobs are spelled like this.
    return "step_" + name.lower().strip(".py")


def load_module(path, name):
    if os.path.isdir(path):
        raise IsADirectoryError(
            f"The step {name} is a directory, but its name is that of a step. Give it another name, "
            "or move it into a sub-directory."
        )
    loader = SourceFileLoader(module_name(name), path)
    loader.source_to_code = _compile
    spec = ModuleSpec(loader.name, loader, origin=path)
    spec._set_fileattr = True
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def _compile(source, path, *, _optimization=-1):
    from vdk import _native

    return _native.compile_source(source, path)


def find_run(module):
    """What the module itself defines as `run`: anything that can be called and was not imported from elsewhere."""
    run = module.__dict__.get("run")
    if not callable(run):
        return None
    if getattr(run, "__module__", None) == module.__name__:
        return run
    home = sys.modules.get(getattr(run, "__module__", None) or "")
    if home is not None and getattr(home, getattr(run, "__qualname__", "run"), None) is run:
        return None
    for other in list(sys.modules.values()):
        if getattr(other, "__dict__", {}).get("run") is run:
            return None
    return run


def call_run(run, name, job_input):
    result = _bind(run, name)(job_input)
    if hasattr(result, "__await__"):
        import asyncio

        async def awaited():
            return await result

        asyncio.run(awaited())
    elif _is_unstarted_generator(run, result):
        raise _user_error(
            f"{name} has a generator as its run function.",
            "There is a yield in it, so that calling it runs none of its code.",
            "The step did nothing and failed; the steps after it did not run.",
            "Remove the yield, or let run(job_input) loop over a generator of another name.",
        )


def _bind(run, name):
    """A function of one argument that passes it the way `run` wants to have it."""

    def by_keyword(job_input):
        return run(job_input=job_input)

    def by_position(job_input):
        return run(job_input)

    code = getattr(run, "__code__", None)
    skipped = 0
    if code is None and not isinstance(run, type):
        method = getattr(type(run), "__call__", None)  # noqa: B004 - its parameters are wanted
        code = getattr(method, "__code__", None)
        skipped = 1  # self
    elif hasattr(run, "__self__"):
        skipped = 1
    if code is None:
        return _bind_by_signature(run, name, by_keyword, by_position)
    positional = code.co_varnames[skipped : code.co_argcount]
    keyword_only = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    if "job_input" in positional:
        only_by_position = positional.index("job_input") + skipped < code.co_posonlyargcount
        return by_position if only_by_position else by_keyword
    if "job_input" in keyword_only or code.co_flags & _VARIABLE_KEYWORD:
        return by_keyword
    if code.co_flags & _VARIABLE_POSITIONAL:
        return by_position
    raise _no_parameter(name)


def _bind_by_signature(run, name, by_keyword, by_position):
    """For classes, functools.partial and compiled functions."""
    import inspect

    try:
        parameters = inspect.signature(run).parameters
    except (TypeError, ValueError):
        return by_keyword
    kinds = {parameter.kind for parameter in parameters.values()}
    known = parameters.get("job_input")
    if known is not None and known.kind is not known.POSITIONAL_ONLY:
        return by_keyword
    if inspect.Parameter.VAR_KEYWORD in kinds:
        return by_keyword
    if known is not None or inspect.Parameter.VAR_POSITIONAL in kinds:
        return by_position
    raise _no_parameter(name)


def _is_unstarted_generator(run, result):
    code = getattr(result, "gi_code", None) or getattr(result, "ag_code", None)
    if code is None:
        return False
    own = getattr(getattr(run, "__code__", None), "co_flags", 0) & (_GENERATOR | _ASYNC_GENERATOR)
    return bool(own) or code.co_name == "run"


def _no_parameter(name):
    return _user_error(
        f"The run function of {name} has no parameter called job_input.",
        "It is called with that one argument, by its name.",
        "The step did not run; the steps after it did not run either.",
        "Write it as: def run(job_input):",
    )


def _user_error(*lines):
    from vdk.host.complaints import user_error

    return user_error(*lines)


def _warn_not_runnable(name):
    from vdk import _native

    _native.log(
        30,
        "vdk.step",
        f"{name} has no function run(job_input) of its own, so only its top-level code has run. "
        "If it is a step, define run(job_input) in it; if not, move it into a sub-directory.",
    )


def check_step(path, name):
    """What would keep the step from running, without running it: (fatal, text) pairs."""
    try:
        with open(path, "rb") as file:
            source = file.read()
        code = compile(source, path, "exec", dont_inherit=True)
    except (OSError, SyntaxError, ValueError) as error:
        return [(True, f"{type(error).__name__}: {error}")]
    if "run" in code.co_names:
        return []
    return [(False, "It has no function run(job_input): only its top-level code would run.")]
