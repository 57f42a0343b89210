"""The order of hooks is upstream's: recorded traces of fifty arrangements of plugins (see order/).

`pytest tests/compat/test_harness.py tests/plugins/test_order.py --live` also asks upstream whether the records are still true. That the
program's own hook points keep to the same records is checked by sdk/src/hooks/hook_order_test.cpp.
"""

import json
import os
import pathlib
import subprocess

import pytest
from stage import PYTHON, VDK

from .order.arrangements import arrangements
from .order.run import trace

HERE = pathlib.Path(__file__).resolve().parent
RECORDED = json.loads((HERE / "order" / "recorded.json").read_text())


def variables(root):
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(root),
        "VDK_PYTHON": PYTHON,
        "VDK_DB_DEFAULT_TYPE": "sqlite",
        "VDK_SQLITE_FILE": str(root / "db"),
        "VDK_VERSION_CHECK_DISABLED": "true",
        "VDK_TERMINATION_MESSAGE_WRITER_OUTPUT_FILE": str(root / "ended"),
    }


def test_every_arrangement_is_recorded():
    assert [(name, hook, implementations) for name, hook, implementations in arrangements()] == [
        (one["name"], one["hook"], one["implementations"]) for one in RECORDED
    ]
    assert len(RECORDED) == 50


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda one: one["name"])
def test_the_trace_is_upstreams(recorded, tmp_path):
    outcome, said = trace(
        tmp_path, [VDK], variables(tmp_path), recorded["hook"], recorded["implementations"]
    )
    assert outcome == {"exit": recorded["exit"], "trace": recorded["trace"]}, said


@pytest.fixture(scope="session")
def upstream(request):
    if not request.config.getoption("--live", default=False):
        pytest.skip("only with --live")
    made = subprocess.run(
        [HERE.parent / "compat" / "upstream-env"], check=True, stdout=subprocess.PIPE, text=True
    )
    return pathlib.Path(made.stdout.strip().splitlines()[-1]) / "bin" / "vdk"


@pytest.mark.full
@pytest.mark.parametrize("recorded", RECORDED, ids=lambda one: one["name"])
def test_the_record_is_still_true(recorded, upstream, tmp_path):
    env = variables(tmp_path) | {"PATH": os.environ["PATH"]}
    outcome, said = trace(tmp_path, [upstream], env, recorded["hook"], recorded["implementations"])
    assert outcome == {"exit": recorded["exit"], "trace": recorded["trace"]}, said
