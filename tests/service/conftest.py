"""Every test of the service runs on both of its stores."""

import itertools

import pytest
from control_service import ControlService, jdbc_settings
from package_environment import make_environment
from postgres_server import PostgresServer

_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgres():
    with PostgresServer({"max_connections": "60"}) as server:
        yield server


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def new_store(request):
    """A function that gives the settings for a store that nobody has used."""
    if request.param == "sqlite":
        return dict
    server = request.getfixturevalue("postgres")

    def make():
        name = f"service_{next(_numbers)}"
        server.sql(f"CREATE DATABASE {name}")
        return jdbc_settings(server, name)

    return make


@pytest.fixture
def service(new_store, tmp_path):
    with ControlService(tmp_path / "data", new_store()) as running:
        yield running


@pytest.fixture(scope="module")
def shared_service(new_store, tmp_path_factory):
    """One for all tests of a module, which must use jobs of their own."""
    with ControlService(tmp_path_factory.mktemp("service") / "data", new_store()) as running:
        yield running


@pytest.fixture(scope="session")
def upstream_client(tmp_path_factory):
    """An environment with upstream's client, and the generated API client that it uses."""
    prefix = tmp_path_factory.mktemp("upstream-client") / "environment"
    # It imports pkg_resources, which later releases of setuptools have no more.
    make_environment(prefix, None, ["vdk-control-cli>=1.3.1711238791", "setuptools<81"])
    return prefix
