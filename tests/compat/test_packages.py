"""Upstream's packages, unchanged, each in an environment of its own on our distribution, doing their work in a job.

One file of `packages/` is one cell: what it requires (REQUIRES), what it shows (its first line), and `check`. FAILS says
why one does not work, and a cell that works must not say so.
`--table` writes docs/plugin-compatibility.md from the run.
"""

import importlib.util
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from package_cell import Cell

WORKERS = int(os.environ.get("VDK_COMPAT_WORKERS", "2"))
HERE = Path(__file__).resolve().parent
TABLE = HERE.parents[1] / "docs" / "plugin-compatibility.md"
HEAD = """# Upstream's plugins on this distribution

Made by `pytest tests/compat/test_packages.py --table`, which installs each package from PyPI, unchanged, into an environment of
its own, lets it do its work in a job, and checks the result. How each is used: `tests/compat/packages`. What stands under "installed
with" is another plugin that the work needs, or what upstream's package needs today and does not ask for: a module that it imports, or an
older version of one.

| package | version | installed with | what was shown | works |
|---|---|---|---|---|
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
    reason = getattr(CELLS[name], "FAILS", None)
    marks = [pytest.mark.xfail(reason=reason, strict=True)] if reason else []
    return pytest.param(name, id=name, marks=marks)


def verdict(cell):
    reason = getattr(cell, "FAILS", None)
    return f"no: {reason}" if reason else "yes"


def line(name, version):
    cell = CELLS[name]
    others = ", ".join(f"`{one}`" for one in cell.REQUIRES if one != name)
    return f"| {name} | {version} | {others} | {cell.__doc__.strip()} | {verdict(cell)} |\n"


def show(name, folder, wheel):
    """Returns the package's version and what went wrong."""
    cell = Cell(folder, wheel, CELLS[name].REQUIRES)
    try:
        CELLS[name].check(cell)
        assert not cell.not_loaded, cell.not_loaded[0]
    except Exception as failure:
        return cell.version_of(name), failure
    return cell.version_of(name), None


@pytest.fixture(scope="session")
def shown(request, our_wheel, tmp_path_factory):
    """The cells of this run, each at work in a small pool; a test waits for its own."""
    names = [
        item.callspec.params["name"]
        for item in request.session.items
        if item.path == Path(__file__) and "shown" in item.fixturenames
    ]
    pool = ThreadPoolExecutor(WORKERS)
    yield {
        name: pool.submit(show, name, tmp_path_factory.mktemp(name), our_wheel) for name in names
    }
    pool.shutdown(cancel_futures=True)


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
def test_a_package_does_its_work(name, shown, table):
    version, failure = shown[name].result()
    if failure is None or hasattr(CELLS[name], "FAILS"):
        table[name] = line(name, version)
    if failure is not None:
        raise failure


def test_the_table_in_the_documents_names_every_package_and_its_verdict():
    written = TABLE.read_text()
    for name in CELLS:
        (row,) = [row for row in written.splitlines(True) if row.startswith(f"| {name} |")]
        assert row == line(name, row.split(" | ")[1])
