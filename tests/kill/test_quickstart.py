"""The kill loop of test_resume.py in an environment with all that upstream's quickstart-vdk brings."""

import pytest
from package_environment import make_environment

from .resumed_job import POINTS, Job

# What the bundle needs of the control CLI, and the engine of the third database.
REQUIRES = ["quickstart-vdk", "vdk-control-cli>=1.3.1711238791", "duckdb"]
KILLS = [6, pytest.param(200, marks=pytest.mark.full)]


@pytest.fixture(scope="module")
def prefix(our_wheel, tmp_path_factory):
    prefix = tmp_path_factory.mktemp("quickstart") / "env"
    make_environment(prefix, our_wheel, REQUIRES)
    return prefix


@pytest.fixture
def program(prefix):
    return prefix / "bin/vdk"


@pytest.fixture
def job(tmp_path, run_for, environment):
    return Job(tmp_path, run_for, environment)


@pytest.mark.parametrize("point", POINTS)
def test_a_run_killed_at_a_named_point_goes_on_there(job, database, point):
    job.kill_at_point(database, point, times=3)


@pytest.mark.parametrize("kills", KILLS)
def test_a_run_killed_at_any_time_goes_on_there(job, database, kills):
    job.kill_at_any_time(database, kills)
