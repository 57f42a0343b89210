"""Jobs and commands of the real program against a real PostgreSQL server."""

import json

import pytest
from postgres_server import PostgresServer
from stage import Stage as BaseStage


@pytest.fixture(scope="session")
def server():
    with PostgresServer() as running:
        yield running


class Stage(BaseStage):
    """An environment that knows no server."""

    def __init__(self, root, server):
        super().__init__(root)
        self.server = server
        self.env["VDK_TERMINATION_MESSAGE_WRITER_OUTPUT_FILE"] = str(root / "termination.json")

    def keys(self, **changes):
        """The server's keys as lines of config.ini."""
        known = {
            "postgres_host": self.server.socket_directory,
            "postgres_port": self.server.port,
            "postgres_user": self.server.user,
            "postgres_password": self.server.password,
            "postgres_dbname": self.server.database,
        }
        return "".join(f"{key} = {value}\n" for key, value in (known | changes).items())

    def configure(self, text):
        (self.job / "config.ini").write_text(text)
        return self

    def vdk(self, *words, cwd=None, **env):
        return super().vdk(*words, cwd=cwd or self.job, **env)

    def run(self, **env):
        return self.vdk("run", "job", cwd=self.root, **env)

    def status(self):
        return json.loads((self.root / "termination.json").read_text())["status"]

    def rows(self, sql):
        """What the server's own client says."""
        return self.server.sql(sql).splitlines()


@pytest.fixture
def stage_of(tmp_path):
    return lambda server: Stage(tmp_path, server)


@pytest.fixture
def stage(stage_of, server):
    return stage_of(server)
