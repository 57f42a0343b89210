"""The comparison itself: what it calls equal, and how differences are laid over a record."""

import pytest
from harness import case as cases


def test_one_and_true_and_float_are_three_values():
    assert not cases.same([1], [True])
    assert not cases.same([1], [1.0])
    assert cases.same({"a": 1, "b": 2}, {"b": 2, "a": 1})


def test_overlay_changes_only_what_it_names():
    record = {"exit": 1, "observed": {"a": 1, "b": 2}, "steps": ["x: error"]}
    change = {"observed": {"b": 3}, "steps": []}
    assert cases.overlaid(record, change) == {"exit": 1, "observed": {"a": 1, "b": 3}, "steps": []}


def test_overlay_can_remove_and_set_null():
    assert cases.overlaid({"a": 1, "b": 2}, {"a": "@absent", "b": "@null"}) == {"b": None}


def test_difference_without_effect_is_refused(tmp_path):
    case = cases.Case("t/c", tmp_path, "about", difference={"expect": {"exit": 0}})
    case.write_record({"exit": 0})
    with pytest.raises(cases.BadCase, match="changes nothing"):
        case.expected_of_ours()


def test_not_accepts_anything_else():
    assert cases.met({"a": "@not:Success"}, {"a": None}) == {"a": None}
    assert cases.met({"a": "@not:Success"}, {"a": "Success"}) == {"a": "@not:Success"}
