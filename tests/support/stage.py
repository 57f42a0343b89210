"""A folder with a job in it, and an environment of its own to call the real program in."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
VDK = Path(os.environ.get("VDK_BIN", ROOT / "build" / "release" / "bin" / "vdk")).absolute()
PYTHON = os.environ.get("VDK_COMPAT_PYTHON", sys.executable)
TIME_LIMIT_SECONDS = 60


class Stage:
    """What a suite adds, it adds to `env`, and as functions of a class of its own."""

    program = (str(VDK),)
    first_step = "10_step.py"

    def __init__(self, root):
        self.root = root
        self.job = root / "job"
        for folder in (self.job, root / "home", root / "tmp"):
            folder.mkdir()
        self.env = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(root / "home"),
            "TMPDIR": str(root / "tmp"),
            "LANG": "C.UTF-8",
            "VDK_PYTHON": PYTHON,
        }
        self.env |= {name: os.environ[name] for name in os.environ if name.endswith("SAN_OPTIONS")}

    def step(self, source, name=None, folder=None):
        """A file of the job, or of another folder."""
        path = (folder or self.job) / (name or self.first_step)
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(source))
        return self

    def body(self, source, name=None):
        """A step whose run has this body."""
        return self.step(
            "def run(job_input):\n" + textwrap.indent(textwrap.dedent(source), "    "), name
        )

    def vdk(self, *words, cwd=None, preexec=None, **env):
        """Calls the program and waits for its end."""
        return subprocess.run(
            [*self.program, *words],
            cwd=cwd or self.root,
            env=self.env | env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT_SECONDS,
            check=False,
            preexec_fn=preexec,
            restore_signals=preexec is None,
        )

    def start(self, *words, **env):
        """Starts the program, by default with the job; its output can be read from pipes."""
        return subprocess.Popen(
            [*self.program, *(words or ("run", "job"))],
            cwd=self.root,
            env=self.env | env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
