"""The program's own commands of the Control Service, against the real one."""

import json
import os
import stat

import pytest
from control_client import JOB, Client
from free_port import free_port
from token_server import TokenServer


@pytest.fixture
def client(service, tmp_path):
    folder = tmp_path / "home"
    folder.mkdir()
    return Client(folder, f"http://127.0.0.1:{service.port}")


def test_create_registers_the_job_and_makes_its_folder(client):
    out = client.run("create", *JOB)
    assert "Registered the job daily-sales" in out
    folder = client.folder / "daily-sales"
    assert "team = sales" in (folder / "config.ini").read_text()
    keytab = client.folder / "daily-sales.keytab"
    assert stat.S_IMODE(keytab.stat().st_mode) == 0o600
    assert "exists already" in client.fail("create", *JOB)
    assert "already" in client.run("create", *JOB, "--cloud")


def test_create_tells_programs_what_it_made(client):
    made = client.json("create", *JOB)
    folder = client.folder / "daily-sales"
    assert made == {"job_name": "daily-sales", "team": "sales", "path": str(folder)}
    assert client.json("create", *JOB, "--cloud") == {"job_name": "daily-sales", "team": "sales"}
    config = (folder / "config.ini").read_text()
    assert "\nschedule_cron =\n" in config and "\nnotified_on_job_deploy =\n" in config


def test_jobs_are_listed_in_columns(client):
    client.run("create", *JOB, "--cloud")
    client.run("create", "-n", "other-job", "-t", "other team", "--cloud")
    row = {"job_name": "daily-sales", "job_team": "sales", "status": "NOT_DEPLOYED"}
    assert client.json("list", "-t", "sales") == [row]
    assert [job["job_name"] for job in client.json("list")] == ["daily-sales", "other-job"]
    client.run("set-default", "-t", "other team")
    assert [job["job_name"] for job in client.json("list")] == ["other-job"]
    listed = client.json("list", "--all", "-mmm")
    assert listed[0] == row | {
        f"notified_on_{kind}": [] for kind in ("success", "user_error", "platform_error", "deploy")
    }
    assert client.run("list", "-t", "nobody") == "No Data.\n"
    table = client.run("list", "-t", "sales").splitlines()
    assert table[1] == "│ job_name    │ job_team   │ status       │"


def test_create_local_and_without_a_service_stays_here(client):
    client.run("create", *JOB, "--local")
    assert "no such job" in client.fail("show", *JOB)
    client.url = ""
    assert "Registered" not in client.run("create", "-n", "other-job", "-t", "sales")
    assert "No service is configured" in client.fail("create", "-n", "third-job", "--cloud")


def test_a_job_that_the_service_refuses_is_not_made_here(client):
    client.fail("create", "-n", "a-long-name-that-no-service-takes-" + "x" * 30, "-t", "sales")
    assert list(client.folder.glob("a-long*")) == []


def test_delete_asks_unless_told_not_to(client):
    client.run("create", *JOB, "--cloud")
    assert "Nothing was deleted" in client.fail("delete", *JOB, answers="n\n")
    client.run("delete", *JOB, answers="y\n")
    assert "no such job" in client.fail("delete", *JOB, "--yes")


def test_properties_keep_their_types(client):
    client.run("create", *JOB, "--cloud")
    file = client.folder / "all.json"
    file.write_text(json.dumps({"day": 17, "ratio": 0.5, "on": True, "name": "x", "list": [1]}))
    client.run("properties", *JOB, "--overwrite-all-job-properties", str(file))
    client.run(
        "properties", *JOB, "--set", "day", "18", "--set", "on", "false", "--set", "new", "5"
    )
    stored = client.json("properties", *JOB, "--list")
    assert stored["day"] == 18 and stored["on"] is False and stored["new"] == "5"
    assert "does not fit" in client.fail("properties", *JOB, "--set", "day", "soon")
    assert "does not fit" in client.fail("properties", *JOB, "--set", "list", "2")
    assert client.json("properties", *JOB) == stored
    assert client.json("properties", *JOB, "--get", "day") == {"day": 18}
    assert client.json("properties", *JOB, "--get", "none") == {}
    client.run("properties", *JOB, "--delete", "day")
    assert "no key" in client.fail("properties", *JOB, "--delete", "day")
    client.run("properties", *JOB, "--delete-all-job-properties")
    assert client.run("properties", *JOB, "--list") == "No Data.\n"


def test_properties_of_a_folder_stay_on_this_machine(client):
    client.run("create", *JOB)
    client.run("properties", "daily-sales", "--set", "day", "1")
    assert client.json("properties", *JOB) == {}
    assert client.json("properties", "daily-sales", "--list") == {"day": "1"}


def test_defaults_are_kept_and_forgotten(client):
    url, client.url = client.url, ""
    assert "No Control Service is configured" in client.fail("info")
    client.run("set-default", "-u", url, "-t", "sales")
    assert "python" in client.run("info")
    client.run("create", "-n", "daily-sales")
    assert "team = sales" in (client.folder / "daily-sales" / "config.ini").read_text()
    client.run("reset-default", "-u")
    assert "No Control Service is configured" in client.fail("info")


def test_an_error_of_the_service_says_what_it_says(client):
    error = client.fail("properties", "-n", "", "-t", "sales", "--list")
    assert "Missing option" in error
    done = client.start(
        "info", "-u", "http://127.0.0.1:1", environment={"VDK_CONTROL_HTTP_TOTAL_RETRIES": "0"}
    )
    assert done.returncode != 0 and "gave no answer" in done.stderr
    assert "is no address" in client.fail("info", "-u", "ftp://somewhere")


def test_a_login_is_kept_for_its_owner_alone(client):
    server = TokenServer()
    error = client.fail("login", "-u", server.url, "-a", "wrong")
    assert "Login failed" in error and "wrong" not in error
    cache = client.folder / ".vdk.internal" / "vdk-cred.json"
    assert not cache.exists()
    assert client.run("login", "-u", server.url, answers="right\n") == "Login Successful\n"
    assert server.forms[-1]["grant_type"] == ["refresh_token"]
    assert stat.S_IMODE(os.stat(cache).st_mode) == 0o600
    kept = json.loads(cache.read_text())
    assert kept["access_token"] == "short-lived" and kept["auth_type"] == "api-token"
    count = len(server.forms)
    client.run("info")
    assert len(server.forms) == count  # the token is still good
    client.run("logout")
    assert not cache.exists()


def test_the_environment_stands_in_for_a_login(client):
    server = TokenServer()
    given = {"VDK_API_TOKEN": "right", "VDK_API_TOKEN_AUTHORIZATION_URL": server.url}
    client.run("info", environment=given)
    assert len(server.forms) == 1
    assert not (client.folder / ".vdk.internal" / "vdk-cred.json").exists()


def test_a_server_of_ones_own_is_started_seen_and_stopped(tmp_path):
    client = Client(tmp_path, "")
    port = str(free_port())
    try:
        out = client.run("server", "--install", "--port", port)
        assert f"http://localhost:{port}" in out
        assert client.json("server", "--status")["status"] == "running"
        pid = client.json("server", "--install", "--port", port)["pid"]
        assert pid == client.json("server")["pid"]  # it was there already
        client.run("create", *JOB)
        client.run("server", "--stop")
        assert client.start("server").returncode == 1
        client.run("server", "--start", "--port", port)
        assert "already" in client.run("create", *JOB, "--cloud")
    finally:
        client.run("server", "--uninstall")
    assert "No Control Service is configured" in client.fail("info")
