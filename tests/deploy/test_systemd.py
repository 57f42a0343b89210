"""The systemd unit is one that systemd understands."""

import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).resolve().parents[2] / "deploy/systemd/vdk-control-service.service"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="this machine has no systemd")
def test_the_unit_is_understood(tmp_path):
    lines = UNIT.read_text().splitlines()
    # The program and its user are not installed here.
    replaced = {"ExecStart=": "ExecStart=/bin/true", "User=": "User=root"}
    for start, line in replaced.items():
        lines = [line if old.startswith(start) else old for old in lines]
    unit = tmp_path / UNIT.name
    unit.write_text("\n".join(lines))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert UNIT.name not in done.stderr, done.stderr


def test_a_stop_of_the_service_leaves_its_runs_alone():
    lines = UNIT.read_text().splitlines()
    for wanted in ("KillMode=process", "OOMPolicy=continue", "PrivateTmp=no"):
        assert wanted in lines
