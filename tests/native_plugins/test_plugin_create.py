"""The project that `vdk plugin create` writes: builds, passes its own test, installs, makes a wheel."""

import json
import shutil
import subprocess
import sys
import zipfile

import pytest
from plugin_project import build_project, check


@pytest.fixture(scope="module")
def created(prefix, tmp_path_factory):
    directory = tmp_path_factory.mktemp("created")
    check([prefix / "bin" / "vdk", "plugin", "create", "my_lines", "-p", directory])
    return directory / "my_lines"


@pytest.fixture(scope="module")
def project(created, prefix):
    build_project(created, created / "build", prefix)
    return created


def test_it_passes_its_own_test(project):
    told = check(["ctest", "--test-dir", project / "build", "--output-on-failure"])
    assert "100% tests passed" in told


@pytest.mark.full
def test_its_test_can_fail(project, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(project, broken, ignore=shutil.ignore_patterns("build"))
    source = broken / "src" / "my_lines_plugin.cpp"
    source.write_text(source.read_text().replace("lines += separator_", "lines += '?'"))
    told = subprocess.run(
        ["bash", "-c", f"""
cmake -S {broken} -B {broken}/build -DCMAKE_PREFIX_PATH=$(sed -n 's/^CMAKE_PREFIX_PATH:[A-Z]*=//p' {project}/build/CMakeCache.txt) &&
cmake --build {broken}/build && ctest --test-dir {broken}/build"""],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    assert "0% tests passed" in told.stdout, told.stdout


def test_installed_for_everybody_it_is_found(project, prefix, vdk, tmp_path):
    """Into a prefix of its own, for the session's installation stays as it is."""
    other = tmp_path / "other"
    check(["cmake", "--install", project / "build", "--prefix", other])
    done = vdk.run(
        "plugins", "--load", "--output", "json",
        cwd=tmp_path, VDK_PLUGIN_PATH=other / "lib" / "vdk" / "plugins",
    )  # fmt: skip
    (mine,) = [one for one in json.loads(done.stdout) if one["name"] == "my_lines"]
    assert mine["state"] == "loaded"


def test_it_makes_a_wheel_that_an_environment_finds(created, prefix, vdk, tmp_path):
    wheels = tmp_path / "wheels"
    import os

    check(
        [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet"]
        + ["--wheel-dir", wheels, created],
        env=os.environ | {"CMAKE_PREFIX_PATH": str(prefix)},
    )
    (wheel,) = wheels.iterdir()
    assert wheel.name.startswith("vdk_plugin_my_lines-0.1.0-py3-none-")
    names = zipfile.ZipFile(wheel).namelist()
    assert {"vdk_plugin_my_lines/vdk_my_lines.so", "vdk_plugin_my_lines/vdk_my_lines.json"} <= set(
        names
    )
    venv = tmp_path / "venv"
    check([sys.executable, "-m", "venv", "--without-pip", venv])
    check(
        [sys.executable, "-m", "pip", "--python", venv / "bin" / "python", "install", "--quiet"]
        + ["--no-index", wheel]
    )
    done = vdk.run("plugins", "--load", "--output", "json", cwd=tmp_path, VIRTUAL_ENV=venv)
    (mine,) = [one for one in json.loads(done.stdout) if one["name"] == "my_lines"]
    assert (mine["state"], mine["source"]) == ("loaded", "environment")


@pytest.mark.parametrize("name", ["", "9lives", "My", "a-b", "../up", "x" * 41])
def test_a_name_that_cannot_be_is_refused(vdk, tmp_path, name):
    done = vdk.run("plugin", "create", "--", name, cwd=tmp_path)
    assert done.returncode in (1, 2)
    assert "cannot be the name" in done.stderr or "Missing argument" in done.stderr
    assert not [path for path in tmp_path.iterdir() if path != vdk.home]


def test_what_is_there_is_not_touched(vdk, tmp_path):
    (tmp_path / "mine").mkdir()
    done = vdk.run("plugin", "create", "mine", cwd=tmp_path)
    assert done.returncode == 1
    assert "exists already" in done.stderr
    done = vdk.run("plugin", "create", "sqlite", cwd=tmp_path)
    assert "There is a plugin sqlite already." in done.stderr
