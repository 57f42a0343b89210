"""Plugins are built as a stranger builds them: against an installed vdk that was moved, with nothing of our build tree."""

import os
import shutil
from pathlib import Path

import pytest
from plugin_project import Installation, build_project, check

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("VDK_BUILD_DIR", ROOT / "build" / "release"))


@pytest.fixture(scope="session")
def prefix(tmp_path_factory):
    first = tmp_path_factory.mktemp("first") / "prefix"
    check(["cmake", "--install", BUILD, "--prefix", first])
    moved = tmp_path_factory.mktemp("moved") / "prefix"
    shutil.move(first, moved)
    return moved


@pytest.fixture
def vdk(prefix, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    return Installation(prefix, home)


@pytest.fixture(scope="session")
def built(prefix, tmp_path_factory):
    """The plugins of everything/, built once: a directory for VDK_PLUGIN_PATH."""
    build = tmp_path_factory.mktemp("everything") / "build"
    source = Path(__file__).parent / "everything"
    plugins = build_project(source, build, prefix)
    shutil.copytree(source / "templates", plugins / "templates")
    return plugins


@pytest.fixture
def plugins(tmp_path):
    """An empty directory of plugins, to put copies into."""
    directory = tmp_path / "plugins"
    directory.mkdir()
    return directory


@pytest.fixture
def job(tmp_path):
    """Makes a job of files: job(name, {file: text})."""

    def make(name, files):
        directory = tmp_path / name
        directory.mkdir()
        for file, text in files.items():
            (directory / file).write_text(text)
        return directory

    return make
