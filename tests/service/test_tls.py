"""TLS: of the listener, of the client and of jobs, of PostgreSQL, with good and bad certificates."""

import json
import socket
import ssl
import time

import pytest
from control_client import Client
from control_service import ControlService, jdbc_settings
from postgres_server import Certificates, PostgresServer
from recorded_archives import make_archive

TEAM = "/data-jobs/for-team/alpha/jobs"
SECONDS = 60


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates") / "tls")


def tls_settings(certificates, name):
    return {
        "SERVER_SSL_CERTIFICATE": str(certificates.folder / f"{name}.crt"),
        "SERVER_SSL_CERTIFICATEPRIVATEKEY": str(certificates.folder / f"{name}.key"),
    }


def ask(service, certificates, path, method="GET", body=None, kind=None, version=None):
    """One request over TLS, by Python's own client; returns the answer's bytes."""
    context = ssl.create_default_context(cafile=certificates.folder / "ca.crt")
    if version:
        context.minimum_version = context.maximum_version = version
        context.set_ciphers("ALL:@SECLEVEL=0")
    body = b"" if body is None else body
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    head += f"Content-Type: {kind}\r\n" if kind else ""
    head += f"Content-Length: {len(body)}\r\n\r\n"
    with (
        socket.create_connection(("127.0.0.1", service.port), SECONDS) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as wrapped,
    ):
        wrapped.sendall(head.encode() + body)
        answer = b""
        while part := wrapped.recv(65536):
            answer += part
    return answer


def test_the_listener_speaks_tls_and_nothing_older(certificates, tmp_path):
    settings = tls_settings(certificates, "server")
    with ControlService(tmp_path / "data", settings) as service:
        answer = ask(service, certificates, "/data-jobs/debug/health")
        assert answer.startswith(b"HTTP/1.1 200 ")
        for old in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            with pytest.raises((ssl.SSLError, ConnectionError)):
                ask(service, certificates, "/data-jobs/debug/health", version=old)
        # Who speaks plainly is told nothing, and what comes next is served.
        with socket.create_connection(("127.0.0.1", service.port), SECONDS) as plain:
            plain.sendall(b"GET /data-jobs/debug/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert not plain.recv(100).startswith(b"HTTP")
        assert ask(service, certificates, "/data-jobs/debug/health").startswith(b"HTTP/1.1 200 ")


def test_a_key_that_does_not_fit_is_told_at_the_start(certificates, tmp_path):
    settings = tls_settings(certificates, "server")
    settings["SERVER_SSL_CERTIFICATEPRIVATEKEY"] = str(certificates.folder / "expired.key")
    with pytest.raises(RuntimeError, match="cannot use the certificate"):
        ControlService(tmp_path / "data", settings).start()


@pytest.mark.parametrize(
    ("certificate", "host", "authority", "works"),
    [
        ("server", "localhost", "ca.crt", True),
        ("server", "127.0.0.1", "ca.crt", False),
        ("server", "localhost", "other_ca.crt", False),
        ("server", "localhost", None, False),
        ("expired", "localhost", "ca.crt", False),
        ("expired", "localhost", "false", True),
    ],
)
def test_the_client_verifies(certificates, tmp_path, certificate, host, authority, works):
    with ControlService(tmp_path / "data", tls_settings(certificates, certificate)) as service:
        client = Client(tmp_path, f"https://{host}:{service.port}")
        more = {}
        if authority:
            path = certificates.folder / authority
            more["VDK_CONTROL_HTTP_VERIFY_SSL"] = str(path) if path.exists() else authority
        done = client.start("info", environment=more)
        assert (done.returncode == 0) == works, done.stderr
        if not works:
            assert "certificate" in done.stderr.lower()


def test_a_job_reaches_its_service_over_tls(certificates, tmp_path):
    step = "def run(job_input):\n    job_input.set_all_properties({'a': 1})\n"
    settings = tls_settings(certificates, "server") | {
        "VDK_CONTROL_HTTP_VERIFY_SSL": str(certificates.folder / "ca.crt")
    }
    with ControlService(tmp_path / "data", settings) as service:
        port = service.port
        service.stop()
        # The name in the certificate, by which jobs are to find it.
        service.settings["VDK_SERVICE_URL"] = f"https://localhost:{port}"
        service.start(port)

        def send(method, path, body=None, kind="application/json"):
            answer = ask(service, certificates, path, method, body, kind)
            return answer.partition(b"\r\n\r\n")[2]

        body = json.dumps({"job_name": "job-tls", "config": {}}).encode()
        send("POST", TEAM, body)
        archive = make_archive([("job/10_step.py", step)])
        assert b"version_sha" in send("POST", f"{TEAM}/job-tls/sources", archive, None)
        send("POST", f"{TEAM}/job-tls/deployments", b"{}")
        wait_until(lambda: b'"deployed"' in send("GET", f"{TEAM}/job-tls/deployments/x/status"))
        send("POST", f"{TEAM}/job-tls/deployments/x/executions", b"{}")
        wait_until(lambda: b'"status": "succeeded"' in send("GET", f"{TEAM}/job-tls/executions"))
        properties = send("GET", f"{TEAM}/job-tls/deployments/x/properties")
        assert json.loads(properties) == {"a": 1}


def wait_until(is_so):
    deadline = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("certificate", ["server", "expired"])
def test_the_database_is_verified(certificate, tmp_path):
    with PostgresServer() as server:
        server.stop()
        server.use_certificate(certificate)
        server.start()
        folder = server.certificates.folder
        plain = jdbc_settings(server, server.database)

        def start(host, authority, name):
            url = plain["DB_JDBC_URL"].replace("127.0.0.1", host)
            url += f"?sslmode=verify-full&sslrootcert={folder / authority}"
            service = ControlService(tmp_path / name, plain | {"DB_JDBC_URL": url})
            with service:
                return service.ask("GET", "/data-jobs/debug/health").status

        if certificate == "server":
            assert start("localhost", "ca.crt", "good") == 200
            with pytest.raises(RuntimeError, match="does not match host name"):
                start("127.0.0.1", "ca.crt", "wrong-host")
            with pytest.raises(RuntimeError, match="certificate verify failed"):
                start("localhost", "other_ca.crt", "wrong-authority")
        else:
            with pytest.raises(RuntimeError, match="certificate (verify failed|has expired)"):
                start("localhost", "ca.crt", "expired")
