"""The three engines as what a killed process stores rows in, each empty at first, and the killing."""

import os
import pathlib
import sqlite3
import subprocess
from contextlib import closing

import pytest
from postgres_server import PostgresServer

ROOT = pathlib.Path(__file__).resolve().parents[2]
VDK = os.environ.get("VDK_BIN", str(ROOT / "build/release/bin/vdk"))


class Sqlite:
    name = "sqlite"

    def __init__(self, directory):
        self.file = directory / "db"
        self.settings = {"VDK_SQLITE_FILE": str(self.file)}

    def rows(self, table):
        with closing(sqlite3.connect(self.file)) as connection:
            try:
                return [i for (i,) in connection.execute(f"select i from {table} order by rowid")]
            except sqlite3.OperationalError as error:
                assert "no such table" in str(error)
                return []

    def clear(self):
        for file in self.file.parent.glob(self.file.name + "*"):
            file.unlink()


class DuckDb(Sqlite):
    name = "duckdb"
    HEADERS = 3 * 4096  # without all three there can be nothing in a file

    def __init__(self, directory):
        self.file = directory / "db"
        self.settings = {"VDK_DUCKDB_DATABASE": str(self.file)}

    def rows(self, table):
        import duckdb

        if self.file.exists() and self.file.stat().st_size < self.HEADERS:
            return []  # killed while the engine made the file; the next run makes it anew

        with duckdb.connect(str(self.file)) as connection:
            try:
                rows = connection.execute(f"select i from {table} order by rowid").fetchall()
                return [i for (i,) in rows]
            except duckdb.CatalogException:
                return []


class Postgres:
    """A schema of the server, where unqualified names are looked for."""

    name = "postgres"
    made = 0

    def __init__(self, server):
        self.server = server
        Postgres.made += 1
        self.schema = f"kill_{Postgres.made}"
        self.settings = {
            "VDK_POSTGRES_HOST": str(server.socket_directory),
            "VDK_POSTGRES_PORT": str(server.port),
            "VDK_POSTGRES_USER": server.user,
            "VDK_POSTGRES_PASSWORD": server.password,
            "VDK_POSTGRES_DBNAME": server.database,
            "VDK_POSTGRES_DSN": f"options='-c search_path={self.schema}'",
        }
        self.clear()

    def sql(self, text):
        done = self.server.sql(f"set search_path = {self.schema}; {text}")
        return done.splitlines()

    def rows(self, table):
        # The server may fill the pages of rows that were undone before it adds new ones: the order
        # of pages is not that of the rows.
        try:
            return [int(i) for i in self.sql(f"select i from {table} order by i")]
        except subprocess.CalledProcessError as error:
            assert f'relation "{table}" does not exist' in error.stderr
            return []

    def clear(self):
        # The backend of a client that was killed may still have to notice it.
        self.server.sql(
            "set client_min_messages = warning; set lock_timeout = '30s';"
            f"drop schema if exists {self.schema} cascade; create schema {self.schema}"
        )


@pytest.fixture(scope="session")
def postgres_server():
    with PostgresServer() as server:
        yield server


@pytest.fixture(params=["sqlite", "duckdb", "postgres"])
def database(request, tmp_path):
    if request.param == "postgres":
        database = Postgres(request.getfixturevalue("postgres_server"))
    elif request.param == "duckdb":
        pytest.importorskip("duckdb")
        database = DuckDb(tmp_path)
    else:
        database = Sqlite(tmp_path)
    database.settings |= {
        "VDK_INGEST_METHOD_DEFAULT": database.name,
        "VDK_DB_DEFAULT_TYPE": database.name,
    }
    return database


@pytest.fixture
def environment(database, tmp_path):
    """Of a process that stores rows in the database, in many small transactions."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "VDK_INGEST_BATCH_BYTES": "100000",
        "VDK_INGEST_COMMIT_BYTES": "300000",
        **database.settings,
    }


@pytest.fixture
def program():
    return VDK


@pytest.fixture
def run_for(tmp_path, program):
    """Calls the program and kills it after so many seconds (None: waits for its end); gives its exit
    code, -9 where it was killed, and what it said."""

    def run_for(seconds, words, env):
        process = subprocess.Popen(
            [program, *words],
            cwd=tmp_path,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
        return process.returncode, output

    return run_for
