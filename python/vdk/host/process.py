"""The process of one command line: checks the environment, runs the program and leaves with its exit code."""
import os
import sys

import vdk

_OWN = sys.path[0] + "/vdk"
# What an upstream vdk-core has, and no plugin.
_FOREIGN_MARK = "/internal/cli_entry.py"


def _refuse_foreign_core():
    for portion in vdk.__path__:
        if portion != _OWN and os.path.exists(portion + _FOREIGN_MARK):
            sys.stderr.write(
                f"vdk cannot start: another vdk-core is installed in {os.path.dirname(portion)}, and Python would mix "
                f"the two. Remove it with: {sys.executable} -m pip uninstall vdk-core\n"
            )
            sys.exit(1)


def main(arguments):
    _refuse_foreign_core()
    from vdk import _native
    from vdk.host.logging_bridge import watch_for_logging

    watch_for_logging()
    code = _native.main(arguments, owns_process=True)
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        # The reader is gone; without this the interpreter would complain once more while it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code = code or 1
    sys.exit(code)
