"""The process of one command line: checks the environment, runs the program and leaves with its exit code."""

import gc
import os
import sys

import vdk

_OWN = sys.path[0] + "/vdk"
# What every installation of this project has, and no other distribution.
_OUR_MARK = "/host/entry.py"
# What an upstream vdk-core has, and no plugin.
_FOREIGN_MARK = "/internal/cli_entry.py"


def main(arguments):
    _refuse_foreign_core()
    flags = sys.getdlopenflags()
    # Python binds all that a library and those behind it could ever call; of the C++ libraries that is a tenth of a
    # plain start.
    sys.setdlopenflags(os.RTLD_LAZY)
    try:
        from vdk import _native
    except ImportError as error:
        _refuse_interpreter(error)
    finally:
        sys.setdlopenflags(flags)

    watch_for_logging()
    # What is there now stays until the end: the collector need not look at it each time that a job's imports have it run.
    gc.freeze()
    code = _native.main(arguments, owns_process=True)
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        # The reader is gone; without this the interpreter would complain once more while it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code = code or 1
    sys.exit(code)


def _refuse_foreign_core():
    for portion in list(vdk.__path__):
        if portion == _OWN:
            continue
        if os.path.exists(portion + _OUR_MARK):
            # The interpreter's environment has an installation of its own; this one was asked to run.
            sys.path.remove(os.path.dirname(portion))
        elif os.path.exists(portion + _FOREIGN_MARK):
            sys.stderr.write(
                f"vdk cannot start: another vdk-core is installed in {os.path.dirname(portion)}, and Python would mix "
                f"the two. Remove it with: {sys.executable} -m pip uninstall vdk-core\n"
            )
            sys.exit(1)


def _refuse_interpreter(error):
    built = sorted(name for name in os.listdir(_OWN) if name.startswith("_native."))
    sys.stderr.write(
        "vdk cannot start: it has no extension module for this interpreter, "
        f"{sys.executable} ({sys.implementation.name} {sys.version.split()[0]}). It has: {', '.join(built) or 'none'}. "
        "Set VDK_PYTHON to another interpreter (CPython 3.10 or later), or build vdk for this one. "
        f"The loader says: {error}\n"
    )
    sys.exit(1)


def watch_for_logging():
    """Has the root logger configured before the first `import logging` returns.

    `logging` costs more than the interpreter itself: only a job that imports it shall pay for it.
    """
    if "logging" in sys.modules:
        _configure_logging(sys.modules["logging"])
    else:
        sys.meta_path.insert(0, _LoggingFinder)


def _configure_logging(logging):
    from vdk.host.logging_bridge import configure

    configure(logging)


class _LoggingFinder:
    """Fires once, when `logging` is imported."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name != "logging":
            return None
        sys.meta_path.remove(_LoggingFinder)
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                break
        else:
            return None
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            _configure_logging(module)

        spec.loader.exec_module = exec_module
        return spec
