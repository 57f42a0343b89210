"""A private PostgreSQL server for tests, with TLS, in a directory of its own that goes with it.

Tests in Python use the class. Other test programs start this file and talk to it in lines: it says
where the server is (JSON), then carries out `stop`, `start` and `certificate NAME`, each answered
by `done`, and ends with its standard input, however its caller dies.
"""

import ctypes
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

USER = "vdk_admin"
PASSWORD = "a pass'word\\of tests"  # with what a careless driver would stumble over
CERTIFIED_USER = "certified"  # logs in by its client certificate alone, over TLS
DATABASE = "postgres"
READY_SECONDS = 60

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "shared_buffers": "16MB",
    "max_connections": "30",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "ssl": "on",
    "ssl_ca_file": "ca.crt",
    "ssl_cert_file": "server.crt",
    "ssl_key_file": "server.key",
}

ACCESS = f"""\
local   all all scram-sha-256
hostssl all {CERTIFIED_USER} 127.0.0.1/32 cert
host    all {CERTIFIED_USER} 127.0.0.1/32 reject
host    all all 127.0.0.1/32 scram-sha-256
"""


def _program(name):
    """The newest installed version; Debian keeps the server's programs off PATH."""
    versions = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"),
        key=lambda folder: int(re.sub(r"\D.*", "", folder.parent.name) or 0),
    )
    found = shutil.which(name, path=os.pathsep.join([*map(str, versions[::-1]), os.defpath]))
    if found is None:
        raise RuntimeError(f"PostgreSQL's program {name} is not installed; tools/bootstrap does it")
    return found


def _account():
    """The server refuses root; its package has an account for it."""
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam("postgres")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _die_with_parent():
    # SIGQUIT: at once, without waiting for clients.
    ctypes.CDLL(None).prctl(1, signal.SIGQUIT)


class Certificates:
    """Made anew for each server: `ca`, `server` (for localhost), `expired`, `client`, and `other_ca`."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self._authority("ca")
        self._authority("other_ca")
        self._signed("server", "localhost", "subjectAltName=DNS:localhost")
        self._signed("expired", "localhost", "subjectAltName=DNS:localhost", days=-1)
        self._signed("client", CERTIFIED_USER)

    def _openssl(self, *words):
        done = subprocess.run(
            ["openssl", *words], cwd=self.folder, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"openssl {' '.join(words)}: {done.stderr}")

    _new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout")

    def _authority(self, name):
        self._openssl(
            *("req", "-x509", *self._new_key, f"{name}.key", "-out", f"{name}.crt"),
            *("-subj", f"/CN={name} of tests", "-days", "2"),
        )

    def _signed(self, name, subject, extension=None, days=2):
        added = ("-addext", extension) if extension else ()
        self._openssl(
            *("req", "-new", *self._new_key, f"{name}.key", "-out", f"{name}.csr"),
            *("-subj", f"/CN={subject}", *added),
        )
        self._openssl(
            *("x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.crt", "-days", str(days)),
            *("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-copy_extensions", "copy"),
        )
        (self.folder / f"{name}.key").chmod(0o600)


class Session:
    """A session of the server's own client that stays open."""

    def __init__(self, client):
        self._process = subprocess.Popen(
            **client, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=1
        )
        self.say("select")

    def say(self, text):
        """Returns when it is done."""
        self._process.stdin.write(f"{text};\n\\echo done\n")
        while (line := self._process.stdout.readline()) != "done\n":
            assert line, "the session ended"

    def close(self):
        self._process.communicate()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class PostgresServer:
    """Runs from the start of the `with` block to its end."""

    user = USER
    password = PASSWORD
    database = DATABASE

    def __init__(self, settings=None):
        self._settings = SETTINGS | (settings or {})
        self._process = None
        self._log = []
        self._reader = None

    def __enter__(self):
        # Short, because the path of a socket is: not below pytest's own folders.
        self.directory = Path(tempfile.mkdtemp(prefix="vdk-pg-", dir="/tmp"))
        try:
            self.directory.chmod(0o755)  # another account goes through it
            self.certificates = Certificates(self.directory / "tls")
            self._make_cluster()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def socket_directory(self):
        return self.directory / "run"

    @property
    def log(self):
        return "".join(self._log)

    def own(self, folder):
        """Gives the folder to the server's account."""
        if _account():
            shutil.chown(folder, _account()["user"], _account()["group"])

    def session(self, **account):
        return Session(self._client(**account))

    def _client(self, user=USER, password=PASSWORD, database=DATABASE):
        return {
            "args": [_program("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1"],
            "env": {
                "PATH": os.environ["PATH"],
                "PGHOST": str(self.socket_directory),
                "PGPORT": str(self.port),
                "PGUSER": user,
                "PGPASSWORD": password,
                "PGDATABASE": database,
            },
            "text": True,
        }

    def sql(self, text, database=DATABASE):
        """What the server's own client prints, run by the administrator."""
        client = self._client(database=database)
        client["args"] += ["-c", text]
        return subprocess.run(
            **client,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            timeout=READY_SECONDS,
        ).stdout

    def place(self):
        """What a client in another language needs to know."""
        return {
            "socket_directory": str(self.socket_directory),
            "port": self.port,
            "user": USER,
            "password": PASSWORD,
            "database": DATABASE,
            "certificates": str(self.certificates.folder),
            "certified_user": CERTIFIED_USER,
        }

    def _make_cluster(self):
        owned = self.directory / "cluster"
        self._data = owned / "data"
        for folder in (owned, self.socket_directory):
            folder.mkdir()
            self.own(folder)
        secret = self.directory / "password"
        secret.write_text(PASSWORD + "\n")
        self._run(
            *("initdb", "-D", self._data, "-U", USER, "--pwfile", secret),
            *("-A", "scram-sha-256", "-E", "UTF8", "--no-locale", "--no-sync"),
        )
        self._run(
            *("postgres", "--single", "-D", self._data, DATABASE),
            input=f"create role {CERTIFIED_USER} login\n",
        )
        self._place_file("ca.crt", self._data / "ca.crt")
        self.use_certificate("server")
        (self._data / "pg_hba.conf").write_text(ACCESS)
        settings = "".join(f"{name} = '{value}'\n" for name, value in self._settings.items())
        with open(self._data / "postgresql.conf", "a") as file:
            file.write(settings + f"unix_socket_directories = '{self.socket_directory}'\n")

    def _run(self, program, *words, **options):
        done = subprocess.run(
            [_program(program), *words],
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd="/",
            **options,
            **_account(),
        )
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed:\n{done.stdout}")

    def _place_file(self, name, target):
        shutil.copy(self.certificates.folder / name, target)
        target.chmod(0o600)
        self.own(target)

    def use_certificate(self, name):
        """The server's own, from its next start on."""
        for kind in ("crt", "key"):
            self._place_file(f"{name}.{kind}", self._data / f"server.{kind}")

    def start(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            free = probe.getsockname()[1]
        self.port = getattr(self, "port", free)  # the same again after a stop
        self._process = subprocess.Popen(
            [_program("postgres"), "-D", self._data, "-p", str(self.port)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            cwd="/",
            preexec_fn=_die_with_parent,
            **_account(),
        )
        ready = threading.Event()
        self._reader = threading.Thread(
            target=self._read_log, args=(self._process.stderr, ready), daemon=True
        )
        self._reader.start()
        if not ready.wait(READY_SECONDS) or self._process.poll() is not None:
            raise RuntimeError(f"PostgreSQL did not start:\n{self.log}")

    def _read_log(self, stream, ready):
        with stream:
            for line in stream:
                self._log.append(line)
                if "ready to accept connections" in line:
                    ready.set()
        ready.set()

    def stop(self, how=signal.SIGINT):
        """By default orderly, whatever clients do; SIGQUIT: as after a crash."""
        if self._process is None:
            return
        self._process.send_signal(how)
        self._process.wait()
        self._reader.join()
        self._process = None


def serve():
    with PostgresServer() as server:
        print(json.dumps(server.place()), flush=True)
        for line in sys.stdin:
            match line.split():
                case ["stop"]:
                    server.stop()
                case ["start"]:
                    server.start()
                case ["certificate", name]:
                    server.stop()
                    server.use_certificate(name)
                    server.start()
                case words:
                    raise SystemExit(f"unknown command {words}")
            print("done", flush=True)


if __name__ == "__main__":
    serve()
