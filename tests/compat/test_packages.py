"""Upstream's packages, unchanged, each in an environment of its own on our distribution, doing their work in a job.

One file of `packages/` is one cell: what it requires (REQUIRES), what it shows (its first line), and `check`. FULL
keeps a cell out of the quick tests; FAILS says why one does not work, and a cell that works must not say so.
`--table` writes docs/plugin-compatibility.md from the run.
"""

import importlib.util
from pathlib import Path

import pytest
from package_cell import Cell, our_wheel

HERE = Path(__file__).resolve().parent
TABLE = HERE.parents[1] / "docs" / "plugin-compatibility.md"
HEAD = """# Upstream's plugins on this distribution

Made by `pytest tests/compat/test_packages.py --table`, which installs each package from PyPI, unchanged, into an environment of
its own, lets it do its work in a job, and checks the result. How each is used: `tests/compat/packages`.

| package | version | what was shown | works |
|---|---|---|---|
"""


def load(path):
    spec = importlib.util.spec_from_file_location(f"packages_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CELLS = {
    path.stem.replace("_", "-"): load(path) for path in sorted((HERE / "packages").glob("*.py"))
}


def parameter(name):
    cell = CELLS[name]
    marks = [pytest.mark.full] if getattr(cell, "FULL", False) else []
    if reason := getattr(cell, "FAILS", None):
        marks.append(pytest.mark.xfail(reason=reason, strict=True))
    return pytest.param(name, id=name, marks=marks)


def verdict(cell):
    reason = getattr(cell, "FAILS", None)
    return f"no: {reason}" if reason else "yes"


def line(name, version):
    cell = CELLS[name]
    return f"| {name} | {version} | {cell.__doc__.strip()} | {verdict(cell)} |\n"


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    return our_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def table(request):
    """The lines of the document: this run's, and of packages that it did not have those of before."""
    lines = {}
    yield lines
    if request.config.getoption("--table"):
        for row in TABLE.read_text().splitlines(True) if TABLE.exists() else []:
            name = row.split(" | ")[0].removeprefix("| ")
            if name in CELLS:
                lines.setdefault(name, row)
        TABLE.write_text(HEAD + "".join(lines[name] for name in sorted(lines)))


@pytest.mark.parametrize("name", [parameter(name) for name in CELLS])
def test_a_package_does_its_work(name, wheel, table, tmp_path):
    cell = Cell(tmp_path, wheel, CELLS[name].REQUIRES)
    row = line(name, cell.version_of(name))
    if hasattr(CELLS[name], "FAILS"):
        table[name] = row
    CELLS[name].check(cell)
    table[name] = row


def test_the_table_in_the_documents_names_every_package_and_its_verdict():
    written = TABLE.read_text()
    for name in CELLS:
        (row,) = [row for row in written.splitlines(True) if row.startswith(f"| {name} |")]
        assert row == line(name, row.split(" | ")[1])
