"""Where the program `vdk` continues inside the interpreter of a job's environment.

Started by path, so that nothing of the environment decides which `vdk` this is. A script is compiled
anew at every start: it stays short.
"""

import sys

# sys.path[0] is this folder; the root of the package is two above.
sys.path[0] = __file__[: -len("/vdk/host/entry.py")]

from vdk.host.process import main  # noqa: E402

main(sys.argv[1:])
