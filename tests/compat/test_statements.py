"""The map from the specification's statements to tests is true: every test that it names is there."""

import re
from pathlib import Path

import pytest
import tomllib
from harness import case as cases

ROOT = cases.TOP.parent.parent
STATEMENTS = tomllib.loads((cases.TOP / "statements.toml").read_text())["statement"]
CASES = {case.name: case for case in cases.load_all()}
UNIT_TEST = re.compile(r"^TEST(?:_[FP])?\(\s*(\w+),\s*(\w+)\)", re.MULTILINE)


def unit_tests():
    """SUITE.TEST of every unit test in the sources, whatever it is instantiated with."""
    sources = [
        *ROOT.glob("sdk/src/**/*_test.cpp"),
        *ROOT.glob("plugins/*/tests/*.cpp"),
        *ROOT.glob("tests/support/*_conformance.hpp"),
    ]
    return {".".join(found) for path in sources for found in UNIT_TEST.findall(path.read_text())}


def why_absent(test, units):
    """An empty string where there is such a test."""
    if test.startswith("compat "):
        return "" if test.removeprefix("compat ") in CASES else "no such case"
    if test.startswith("unit "):
        name, _, parameter = test.removeprefix("unit ").partition("/")
        if name not in units:
            return "no such unit test"
        suite = name.partition(".")[0]
        if parameter and not any(
            f'"{parameter}"' in path.read_text()
            for path in ROOT.glob("sdk/src/**/*_test.cpp")
            if f"TEST_P({suite}," in path.read_text()
        ):
            return "no such parameter"
        return ""
    file, _, name = test.partition("::")
    path = Path(cases.TOP.parent, file)
    if not path.is_file():
        return "no such file"
    return "" if re.search(rf"^def {re.escape(name)}\(", path.read_text(), re.MULTILINE) else "none"


def test_statements_are_told_apart_by_their_ids():
    ids = [statement["id"] for statement in STATEMENTS]
    assert len(set(ids)) == len(ids)
    for statement in STATEMENTS:
        assert set(statement) <= {"id", "says", "kind", "absent", "tests"}, statement["id"]
        assert statement.get("kind", "kept") in ("kept", "fixed"), statement["id"]


def test_every_named_test_is_there():
    units = unit_tests()
    named = {(statement["id"], test) for statement in STATEMENTS for test in statement["tests"]}
    wrong = [
        f"{id}: {test}: {why}" for id, test in sorted(named) if (why := why_absent(test, units))
    ]
    assert not wrong, "\n".join(wrong)


def test_a_name_that_nothing_has_is_noticed():
    units = unit_tests()
    for test in (
        "compat ends/never",
        "unit RunHooks.never",
        "unit Secret.overrides_options/never",
        "cli/never.py::test",
        "cli/test_bad_input.py::test_never",
    ):
        assert why_absent(test, units), test


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda statement: statement["id"])
def test_statement_is_held_by_a_test_that_passes(statement):
    pending = {f"compat {name}" for name in cases.pending()}
    passing = [test for test in statement["tests"] if test not in pending]
    assert bool(passing) != ("absent" in statement), (
        "a statement has a test that is not pending, or says what it waits for"
    )


@pytest.mark.parametrize(
    "statement",
    [statement for statement in STATEMENTS if statement.get("kind") == "fixed"],
    ids=lambda statement: statement["id"],
)
def test_what_is_fixed_differs_from_upstream(statement):
    compared = [test.removeprefix("compat ") for test in statement["tests"] if "compat " in test]
    assert not compared or any(CASES[name].difference for name in compared)
