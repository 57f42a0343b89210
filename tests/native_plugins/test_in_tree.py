"""The program's own plugins have no back door: they build against the installed package alone, as a stranger's do."""

import json
from pathlib import Path

import pytest
from plugin_project import build_project

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"


def build_alone(name, prefix, tmp_path):
    """With the folder's own CMakeLists.txt, whose vdk_add_plugin is that of the package."""
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\n"
        "project(alone VERSION 9.8.7 LANGUAGES CXX)\n"
        "find_package(vdk REQUIRED)\n"
        "find_package(Threads REQUIRED)\n"
        f"add_subdirectory({PLUGINS / name} plugin)\n"
    )
    return build_project(tmp_path, tmp_path / "build", prefix)


@pytest.mark.parametrize(
    "name",
    [
        "gdp-execution-id",
        "sqlite",
        pytest.param("csv", marks=pytest.mark.full),
        pytest.param("duckdb", marks=pytest.mark.full),
        pytest.param("postgres", marks=pytest.mark.full),
        pytest.param("jsonl", marks=pytest.mark.full),
        pytest.param("audit", marks=pytest.mark.full),
        pytest.param("file", marks=pytest.mark.full),
        pytest.param("http", marks=pytest.mark.full),
        pytest.param("jobs-troubleshooting", marks=pytest.mark.full),
        pytest.param("notifications", marks=pytest.mark.full),
        pytest.param("properties-fs", marks=pytest.mark.full),
    ],
)
def test_it_builds_and_loads_without_the_source_tree_of_the_core(vdk, prefix, tmp_path, name):
    project = tmp_path / "project"
    project.mkdir()
    plugins = build_alone(name, prefix, project)
    done = vdk.run("plugins", "--load", "--output", "json", cwd=tmp_path, VDK_PLUGIN_PATH=plugins)
    states = {
        (one["source"], one["version"], one["state"])
        for one in json.loads(done.stdout)
        if one["name"] == name
    }
    ours = vdk.run("--version", cwd=tmp_path).stdout.split()[1]
    assert states == {
        ("VDK_PLUGIN_PATH", "9.8.7", "loaded"),
        ("installation", ours, "shadowed"),
    }
