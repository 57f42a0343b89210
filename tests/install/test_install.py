"""An installed tree runs by itself: nothing in it looks back at the build tree."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("VDK_BUILD_DIR", ROOT / "build" / "release"))


def check(command, **options):
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    """Installed at one place and then moved: no absolute path may matter."""
    first = tmp_path_factory.mktemp("first") / "prefix"
    check(["cmake", "--install", BUILD, "--prefix", first])
    moved = tmp_path_factory.mktemp("moved") / "prefix with space"
    shutil.move(first, moved)
    return moved


def run(prefix, *arguments, cwd):
    home = cwd / "home"
    home.mkdir(exist_ok=True)
    environment = {"PATH": os.defpath, "HOME": str(home)}
    return check([prefix / "bin" / "vdk", *arguments], env=environment, cwd=cwd)


def test_the_program_starts(prefix, tmp_path):
    assert run(prefix, "--version", cwd=tmp_path)


def test_a_job_of_sql_steps_runs(prefix, tmp_path):
    shutil.copytree(ROOT / "examples" / "sql-only", tmp_path / "sql-only")
    arguments = '{"planet": "Jupiter", "min_radius_km": 1000}'
    run(prefix, "run", "sql-only", "--arguments", arguments, cwd=tmp_path)


def test_a_job_with_a_python_step_runs(prefix, tmp_path):
    shutil.copytree(ROOT / "examples" / "hello", tmp_path / "hello")
    run(prefix, "run", "hello", cwd=tmp_path)


def binaries(prefix):
    return [
        path
        for path in prefix.rglob("*")
        if path.is_file() and (path.name == "vdk" or path.suffix == ".so")
    ]


def test_no_binary_names_the_source_or_build_tree(prefix):
    ours = [path for path in binaries(prefix) if path.name != "libduckdb.so"]
    assert len(ours) >= 2
    root = re.compile(rb"(?<![\w./-])" + re.escape(bytes(ROOT)) + b"/")
    for path in ours:
        assert not root.search(path.read_bytes()), path


def test_every_plugin_has_its_manifest_beside_it(prefix):
    plugins = prefix / "lib" / "vdk" / "plugins"
    modules = {path.stem for path in plugins.glob("*.so")}
    assert modules
    assert modules <= {path.stem for path in plugins.glob("*.json")}


def test_a_plugin_compiles_against_the_installed_headers_alone(prefix, tmp_path):
    include = prefix / "include"
    headers = sorted(path.relative_to(include) for path in include.rglob("*.hpp"))
    assert headers
    source = tmp_path / "plugin.cpp"
    source.write_text("".join(f'#include "{header}"\n' for header in headers))
    check(
        ["c++", "-std=c++23", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I", include, source]
    )


def test_the_python_package_is_byte_compiled(prefix):
    package = prefix / "lib" / "vdk" / "python" / "vdk"
    sources = list(package.rglob("*.py"))
    assert sources
    for source in sources:
        assert list(source.parent.glob(f"__pycache__/{source.stem}.*.pyc")), source
