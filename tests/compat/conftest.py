"""Options of the compatibility suite, and the pool that runs its cases two at a time."""

import os
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from harness import run as runner  # noqa: E402
from harness import subject  # noqa: E402

WORKERS = int(os.environ.get("VDK_COMPAT_WORKERS", "2"))


def pytest_addoption(parser):
    group = parser.getgroup("compat", "comparison with upstream")
    group.addoption(
        "--record",
        action="store_true",
        help="run upstream alone and write each case's expected.json",
    )
    group.addoption(
        "--live",
        action="store_true",
        help="also run upstream and check that the recorded outcomes are still true",
    )
    group.addoption(
        "--no-pending",
        action="store_true",
        help="let the cases of pending.txt fail, to see in what they differ",
    )
    group.addoption(
        "--table",
        action="store_true",
        help="write docs/plugin-compatibility.md from the cells of test_packages.py that ran",
    )
    group.addoption(
        "--drop-passing", action="store_true", help="take the cases that pass out of pending.txt"
    )


class Runs:
    """Starts every collected case at once in a small pool; a test waits for its own."""

    def __init__(self, config, items):
        self._record = config.getoption("--record")
        self._live = config.getoption("--live")
        self._pool = ThreadPoolExecutor(WORKERS)
        self._futures: dict[tuple[str, str], Future] = {}
        subjects = ([] if self._record else [subject.ours()]) + (
            [subject.upstream()] if self._record or self._live else []
        )
        if not self._record and not subjects[0].program.is_file():
            pytest.fail(
                f"{subjects[0].program} does not exist: build it, or name it with VDK_BIN",
                pytrace=False,
            )
        cases = [item.callspec.params["case"] for item in items if "runs" in item.fixturenames]
        for case in cases:
            for each in subjects:
                self._futures[case.name, each.name] = self._pool.submit(_run, case, each)

    def outcome(self, case, name):
        """(outcome, standard error) of the case under the named program."""
        return self._futures[case.name, name].result()

    def close(self):
        self._pool.shutdown(cancel_futures=True)


def _run(case, which):
    if lacking := which.lacks(case.needs):
        return None, f"{which.python} has no {', '.join(lacking)}"
    return runner.run(case, which)


@pytest.fixture(scope="session")
def runs(request):
    started = Runs(request.config, request.session.items)
    yield started
    started.close()
