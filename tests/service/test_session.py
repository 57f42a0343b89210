"""A job's life with the program's own commands: deployed, run, followed, cancelled, broken and rolled back."""

import json
import time

import pytest
from control_client import JOB, Client
from control_service import ControlService

STEP = """
import time

def run(job_input):
    print("greeting", job_input.get_arguments().get("greeting", "none"), flush=True)
    for tick in range(job_input.get_arguments().get("ticks", 0)):
        print("tick", tick, flush=True)
        time.sleep(0.1)
"""


@pytest.fixture
def client(new_store, tmp_path):
    folder = tmp_path / "home"
    folder.mkdir()
    settings = new_store() | {"VDK_SERVICE_SECRETS_KEY": "0123456789abcdef" * 4}
    with ControlService(tmp_path / "data", settings) as service:
        client = Client(folder, f"http://127.0.0.1:{service.port}")
        client.service = service
        client.run("create", *JOB)
        job = folder / "daily-sales"
        (job / "10_greet.sql").unlink()
        (job / "20_print.py").write_text(STEP)
        yield client


def until(ask, is_it, seconds=60):
    end = time.monotonic() + seconds
    while not is_it(answer := ask()):
        assert time.monotonic() < end, answer
        time.sleep(0.1)
    return answer


def deploy(client, reason):
    version = client.json("deploy", *JOB, "-p", "daily-sales", "-r", reason)["job_version"]
    shown = until(
        lambda: client.run("deploy", "--show", *JOB),
        lambda text: version in text and "on its way" not in text,
    )
    return version, shown


def status_of(client, execution):
    return client.json("execute", "--show", *JOB, "-i", execution)[0]["status"]


def start(client, *words):
    return client.json("execute", "--start", *JOB, *words)["execution_id"]


def test_a_session(client):
    version, shown = deploy(client, "the first")
    assert version in shown and "not deployed" not in shown

    done = client.start(
        "execute", "--start", *JOB, "--wait", "--arguments", '{"greeting": "hello"}'
    )
    assert (done.returncode, "ended: succeeded" in done.stderr) == (0, True)
    assert "greeting hello" in client.run("execute", "--logs", *JOB)

    endless = start(client, "--arguments", '{"ticks": 100000}')
    until(lambda: client.run("execute", "--logs", *JOB, "-i", endless), lambda log: "tick 3" in log)
    client.run("execute", "--cancel", *JOB, "-i", endless)
    assert until(lambda: status_of(client, endless), lambda it: it != "running") == "cancelled"

    requirements = client.folder / "daily-sales" / "requirements.txt"
    requirements.write_text("./nowhere.whl\n")
    broken, shown = deploy(client, "a requirement that is not there")
    assert f"Version {broken} was not deployed (user_error)" in shown
    assert f"Version {version} stays deployed." in shown
    requirements.unlink()
    (client.folder / "daily-sales" / "20_print.py").write_text("def run(job_input): 1 / 0\n")
    wrong, shown = deploy(client, "an error")
    assert wrong in shown and "not deployed" not in shown
    failed = start(client)
    assert until(
        lambda: status_of(client, failed), lambda it: it not in ("submitted", "running")
    ) == ("user_error")

    client.run("deploy", "--update", *JOB, "--job-version", version)
    until(
        lambda: client.run("deploy", "--show", *JOB),
        lambda text: version in text and "on its way" not in text,
    )
    again = start(client, "--arguments", '{"greeting": "again"}')
    until(lambda: status_of(client, again), lambda it: it == "succeeded")
    assert "greeting again" in client.run("execute", "--logs", *JOB, "-i", again)
    listed = [one["id"] for one in client.json("execute", "--list", *JOB)]
    assert {endless, failed, again} <= set(listed)


WAITS = """
import pathlib
import time

def run(job_input):
    print("it begins", flush=True)
    while not pathlib.Path(job_input.get_arguments()["file"]).exists():
        time.sleep(0.02)
    print("it ends", flush=True)
"""


def test_a_log_is_followed_as_it_grows_and_across_a_restart(client, tmp_path):
    (client.folder / "daily-sales" / "20_print.py").write_text(WAITS)
    deploy(client, "it waits")
    signal = tmp_path / "signal"
    words = [
        "execute",
        "--start",
        "--follow",
        *JOB,
        "--arguments",
        json.dumps({"file": str(signal)}),
    ]
    following = client.open(*words)
    assert any("it begins" in line for line in following.stdout)  # while the job is at work
    client.service.stop()
    client.service.start(port=client.service.port)
    signal.touch()
    rest = following.stdout.read()
    assert following.wait(60) == 0
    assert rest.count("it ends") == 1 and "it begins" not in rest


def test_a_schedule_fires_without_anybody(client):
    config = client.folder / "daily-sales" / "config.ini"
    config.write_text(config.read_text().replace("schedule_cron =", "schedule_cron = @every 1s"))
    deploy(client, "each second")
    runs = until(
        lambda: [
            one for one in client.json("execute", "--list", *JOB) if one["type"] == "scheduled"
        ],
        lambda runs: len([one for one in runs if one["status"] == "succeeded"]) >= 2,
    )
    assert len({one["id"] for one in runs}) == len(runs)
    client.run("deploy", "--disable", *JOB)


def test_a_config_that_no_run_could_read_is_not_deployed(client):
    config = client.folder / "daily-sales" / "config.ini"
    for twice, what in (("[job]\na = 1\n", "section [job]"), ("a = 1\nA = 2\n", "key 'a'")):
        text = config.read_text()
        config.write_text(text + "\n" + twice)
        assert what in client.fail("deploy", *JOB, "-p", "daily-sales", "-r", "x")
        config.write_text(text)


REMEMBER = """
def run(job_input):
    properties = job_input.get_all_properties()
    properties["runs"] = properties.get("runs", 0) + 1
    job_input.set_all_properties(properties)
    print("runs", properties["runs"], "secret", job_input.get_secret("pin") == "1234")
"""


def test_properties_and_secrets_of_a_deployed_job_are_the_services(client):
    (client.folder / "daily-sales" / "20_print.py").write_text(REMEMBER)
    client.run("secrets", *JOB, "--set", "pin", "1234")
    deploy(client, "it remembers")
    for runs in (1, 2):
        done = client.start("execute", "--start", *JOB, "--wait")
        assert done.returncode == 0, client.run("execute", "--logs", *JOB)
        assert f"runs {runs} secret True" in client.run("execute", "--logs", *JOB)
    assert client.json("properties", *JOB, "--list")["runs"] == 2
