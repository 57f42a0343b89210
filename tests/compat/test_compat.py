"""Each case: our program's outcome is upstream's recorded one, but for differences on purpose."""

import json
from difflib import unified_diff

import pytest
from harness import case as cases

ALL = cases.load_all()
PENDING = cases.pending()


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_outcome(case, runs, request):
    if request.config.getoption("--record"):
        outcome, stderr = runs.outcome(case, "upstream")
        assert outcome is not None, stderr
        case.write_record(outcome)
        return
    if request.config.getoption("--live"):
        outcome, stderr = runs.outcome(case, "upstream")
        if outcome is not None:
            _compare("upstream's record", case.recorded(), outcome, stderr)
    outcome, stderr = runs.outcome(case, "ours")
    if outcome is None:
        pytest.skip(stderr)
    try:
        _compare("what is expected of us", case.expected_of_ours(), outcome, stderr)
    except pytest.fail.Exception:
        if case.name in PENDING and not request.config.getoption("--no-pending"):
            pytest.xfail("pending")
        raise
    if case.name in PENDING:
        if request.config.getoption("--drop-passing"):
            cases.drop_pending(case.name)
            return
        pytest.fail(f"{case.name} passes now: take it out of pending.txt (--drop-passing does)")


@pytest.mark.parametrize(
    "case", [case for case in ALL if case.difference], ids=lambda case: case.name
)
def test_declared_difference_changes_the_record(case, request):
    if request.config.getoption("--record"):
        pytest.skip("the records are being made")
    case.expected_of_ours()


def test_pending_names_are_cases():
    assert not PENDING - {case.name for case in ALL}


def _compare(which, expected, outcome, stderr):
    expected = cases.met(expected, outcome)
    if cases.same(expected, outcome):
        return
    lines = unified_diff(
        _lines(expected), _lines(outcome), which, "outcome of this run", lineterm="", n=2
    )
    pytest.fail("\n".join([*lines, "", "standard error:", stderr[-4000:]]), pytrace=False)


def _lines(outcome):
    return json.dumps(outcome, indent=1, sort_keys=True).splitlines()
