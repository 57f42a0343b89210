"""What several suites share."""

import pytest


@pytest.fixture(scope="session")
def our_wheel(tmp_path_factory):
    """Of the built tree, for this interpreter."""
    from package_environment import build_wheel

    return build_wheel(tmp_path_factory.mktemp("wheel"))
