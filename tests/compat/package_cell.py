"""A package of upstream's in an environment of its own, on our distribution, and a job that uses it."""

import os
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("VDK_BUILD_DIR", ROOT / "build" / "release"))
# What was fetched and built once for any environment.
WHEELHOUSE = BUILD.parent / "wheelhouse"
TIME_LIMIT_SECONDS = 120
# The last with pkg_resources, which some packages import while they are built.
CONSTRAINT = "setuptools<81\n"


def _checked(command, **options):
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command} failed:\n{done.stdout}")


def our_wheel(directory):
    """The wheel of the built tree for this interpreter."""
    tag = f"cp3{sys.version_info.minor}"
    tag = f"{tag}-{tag}" if sys.version_info < (3, 12) else "cp312-abi3"
    _checked([sys.executable, ROOT / "python/packaging/wheels.py", BUILD, directory, tag])
    (wheel,) = directory.glob("*.whl")
    return wheel


def _uv(*words):
    return subprocess.run(
        [sys.executable, "-m", "uv", "--quiet", "--cache-dir", WHEELHOUSE, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def make_environment(prefix, wheel, requirements):
    """Without the network, of what the wheelhouse has; what it lacks is fetched, and built where it is a source, once."""
    WHEELHOUSE.mkdir(parents=True, exist_ok=True)
    constraint = prefix.with_name("constraint.txt")
    constraint.write_text(CONSTRAINT)
    made = _uv("venv", "--python", sys.executable, prefix)
    install = [
        "pip",
        "install",
        "--python",
        prefix / "bin/python",
        "--build-constraints",
        constraint,
    ]
    if made.returncode == 0:
        made = _uv(*install, "--offline", wheel, *requirements)
    if made.returncode != 0:
        made = _uv(*install, wheel, *requirements)
    if made.returncode != 0:
        raise RuntimeError(f"there is no environment with {' '.join(requirements)}:\n{made.stdout}")


class Ended:
    def __init__(self, done):
        self.exit = done.returncode
        self.stdout = done.stdout
        self.stderr = done.stderr

    def succeeded(self):
        assert self.exit == 0, f"exit code {self.exit}\n{self.stdout}\n{self.stderr}"
        return self


class Cell:
    """The environment, a job and what came of it."""

    def __init__(self, folder, wheel, requirements):
        self.folder = folder
        self.job_folder = folder / "job"
        self.job_folder.mkdir()
        (folder / "home").mkdir()
        self.prefix = folder / "env"
        self.not_loaded = []  # what the program said of plugins that it could not use
        make_environment(self.prefix, wheel, requirements)

    def version_of(self, package):
        """As the environment has it."""
        (information,) = self.prefix.glob(
            f"lib/python3*/site-packages/{package.replace('-', '_')}-*.dist-info"
        )
        return information.name.removesuffix(".dist-info").partition("-")[2]

    def file(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return path

    def step(self, text, name="10_step.py"):
        return self.file(f"job/{name}", text)

    def body(self, text, name="10_step.py"):
        """A step whose `run` has this body."""
        body = textwrap.indent(textwrap.dedent(text), "    ")
        return self.step(f"def run(job_input):\n{body}", name)

    def execute(self, *words, **variables):
        """A program of the environment."""
        environment = {
            "PATH": f"{self.prefix / 'bin'}:/usr/bin:/bin",
            "HOME": str(self.folder / "home"),
            "LANG": "C.UTF-8",
            "VDK_LOG_EXCEPTION_FORMATTER": "plain",
            **variables,
        }
        return Ended(
            subprocess.run(
                [self.prefix / "bin" / words[0], *words[1:]],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=TIME_LIMIT_SECONDS,
                check=False,
            )
        )

    def vdk(self, *words, **variables):
        ended = self.execute("vdk", *(words or ("run", "job")), **variables)
        self.not_loaded += [line for line in ended.stderr.splitlines() if "is not loaded" in line]
        return ended

    def rows(self, database, query):
        connection = sqlite3.connect(self.folder / database)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()
