"""The two programs under test: how each is started, and in which environment."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .case import TOP

ROOT = TOP.parent.parent


@dataclass(frozen=True)
class Subject:
    """A program that understands upstream's command line."""

    name: str
    program: Path
    python: Path
    env: dict[str, str]

    def lacks(self, modules: list[str]) -> list[str]:
        """Which of these Python modules its interpreter cannot import."""
        return [module for module in modules if not _importable(str(self.python), module)]


_known: dict[tuple[str, str], bool] = {}


def _importable(python: str, module: str) -> bool:
    if (python, module) not in _known:
        probe = [
            python,
            "-c",
            f"import importlib.util as u, sys; sys.exit(not u.find_spec({module!r}))",
        ]
        _known[python, module] = subprocess.run(probe, check=False).returncode == 0
    return _known[python, module]


def upstream() -> Subject:
    """vdk-core, vdk-sqlite and vdk-duckdb from the environment that `upstream-env` makes."""
    made = subprocess.run([TOP / "upstream-env"], check=True, stdout=subprocess.PIPE, text=True)
    folder = Path(made.stdout.strip())
    # One poster thread: with more, vdk-sqlite loses whole batches.
    env = {
        "VDK_VERSION_CHECK_DISABLED": "true",
        "VDK_INGESTER_NUMBER_OF_WORKER_THREADS": "1",
        "VDK_INGESTION_PAYLOAD_AGGREGATOR_TIMEOUT_SECONDS": "1",
    }
    return Subject("upstream", folder / "bin" / "vdk", folder / "bin" / "python", env)


def ours() -> Subject:
    """The program that VDK_BIN names, with the interpreter that VDK_COMPAT_PYTHON names."""
    program = Path(os.environ.get("VDK_BIN", ROOT / "build" / "release" / "bin" / "vdk"))
    python = Path(os.environ.get("VDK_COMPAT_PYTHON", sys.executable))
    return Subject("ours", program.absolute(), python, {"VDK_PYTHON": str(python)})
