"""The launcher and the core choose the same interpreter for a job, and the same words when there is none."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
VDK = Path(os.environ.get("VDK_BIN", ROOT / "build" / "release" / "bin" / "vdk")).absolute()
PYTHON = os.path.realpath(os.environ.get("VDK_COMPAT_PYTHON", sys.executable))

STEP = """
import sys

def run(job_input):
    print("prefix", sys.prefix, "arguments", job_input.get_arguments())
"""


@pytest.fixture
def job(tmp_path):
    (tmp_path / "job").mkdir()
    (tmp_path / "job/10_step.py").write_text(STEP)
    return tmp_path


def run(directory, environment, *words):
    env = {"PATH": "/nowhere", "HOME": str(directory / "home")} | environment
    done = subprocess.run(
        [VDK, *words], cwd=directory, env=env, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


def both_ways(directory, environment, *words):
    """What the run gave; the same by the launcher's decision and by the core's."""
    code, out, err = run(directory, environment, "run", "job", *words)
    # An option before the command is nothing that the launcher looks behind.
    by_core = run(directory, environment, "-v", "INFO", "run", "job", *words)
    assert (code, out) == by_core[:2]
    return code, out, err


def environment_of(directory):
    venv.create(directory, symlinks=True, with_pip=False)
    return directory


def program(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_configured_interpreter(job):
    own = environment_of(job / "own")
    code, out, _ = both_ways(job, {"VDK_PYTHON": str(own / "bin/python")})
    assert (code, f"prefix {own} " in out) == (0, True)


def test_active_environment(job):
    own = environment_of(job / "own")
    code, out, _ = both_ways(job, {"VIRTUAL_ENV": str(own)})
    assert (code, f"prefix {own} " in out) == (0, True)


def test_path(job):
    own = environment_of(job / "own")
    program(job / "empty/python3/keep", "")  # a directory of that name
    code, out, _ = both_ways(job, {"PATH": f"{job}/none:{job}/empty:{own}/bin"})
    assert (code, f"prefix {own} " in out) == (0, True)


def test_version_managers_script(job):
    own = environment_of(job / "own")
    shim = program(job / "shims/python3", f'#!/bin/sh\nexec {own}/bin/python3 "$@"\n')
    code, out, _ = both_ways(job, {"PATH": str(shim.parent)})
    assert (code, f"prefix {own} " in out) == (0, True)


def test_arguments_reach_the_job_as_they_are(job):
    code, out, _ = both_ways(job, {"VDK_PYTHON": PYTHON}, "--arguments", '{"a b": "c \\" d"}')
    assert code == 0
    assert "arguments {'a b': 'c \" d'}" in out


@pytest.mark.parametrize(
    "environment", [{"VDK_PYTHON": "/nowhere/python"}, {}], ids=["wrong", "no"]
)
def test_no_interpreter(job, environment):
    code, _, err = both_ways(job, environment)
    assert code == 1
    assert "VDK_PYTHON" in err


def test_a_program_without_its_library_says_so(tmp_path):
    (tmp_path / "bin").mkdir()
    alone = shutil.copy(VDK, tmp_path / "bin")
    done = subprocess.run([alone, "version"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("vdk cannot start: ")
    assert str(tmp_path / "lib/libvdk.so") in done.stderr


def test_a_link_to_the_program_finds_its_installation(job):
    link = job / "vdk"
    link.symlink_to(VDK)
    env = {"PATH": "/nowhere", "HOME": str(job), "VDK_PYTHON": PYTHON}
    done = subprocess.run(
        [link, "run", "job"], cwd=job, env=env, capture_output=True, text=True, check=False
    )
    assert (done.returncode, "prefix " in done.stdout) == (0, True)
