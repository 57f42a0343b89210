"""Environments with our wheel and packages of PyPI, for suites that show how they get along."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("VDK_BUILD_DIR", ROOT / "build" / "release"))
# What was fetched and built once for any environment.
WHEELHOUSE = BUILD.parent / "wheelhouse"
# The last with pkg_resources, which some packages import while they are built.
CONSTRAINT = "setuptools<81\n"


def _checked(command, **options):
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command} failed:\n{done.stdout}")


def build_wheel(directory):
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
    """Without the network, of what the wheelhouse has; what it lacks is fetched, and built where it is a source, once.

    `wheel` is ours, or none for an environment of upstream alone.
    """
    WHEELHOUSE.mkdir(parents=True, exist_ok=True)
    constraint = prefix.with_name("constraint.txt")
    constraint.write_text(CONSTRAINT)
    packages = [*([wheel] if wheel else []), *requirements]
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
        made = _uv(*install, "--offline", *packages)
    if made.returncode != 0:
        made = _uv(*install, *packages)
    if made.returncode != 0:
        raise RuntimeError(f"there is no environment with {' '.join(requirements)}:\n{made.stdout}")
