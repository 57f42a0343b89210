"""Disks that are full, files that are damaged, places that cannot be used: told clearly, and nothing is half done."""

import os
import random
import subprocess

import pytest
from control_service import ControlService
from recorded_archives import make_archive
from service_chaos import TEAM, wait_until

JOB = f"{TEAM}/job-large"
UPLOAD = {"Content-Type": "application/octet-stream"}
STEP = ("job/10_nothing.sql", "SELECT 1;")
LOUD = (
    "job/10_loud.py",
    "def run(job_input):\n    for i in range(400):\n        print('x' * 65536)\n",
)


@pytest.fixture
def disk(tmp_path):
    """A small file system of its own, changed by mount options."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(options):
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    if os.geteuid() != 0 or not mount("size=4m"):
        pytest.skip("a file system of its own takes the right to mount")
    mount.folder = folder
    yield mount
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def files(size):
    """That no compression makes smaller."""
    return [STEP, ("job/data.bin", random.Random(size).randbytes(size))]


def create(service):
    body = {"job_name": "job-large", "config": {}}
    assert service.send("POST", TEAM, body).status == 201


def upload(service, content):
    return service.ask("POST", JOB + "/sources", make_archive(content), UPLOAD)


def deploy(service, version):
    assert service.send("POST", JOB + "/deployments", {"job_version": version}).status == 202
    return wait_until(
        lambda: service.send("GET", JOB + "/deployments/x/status").json(),
        lambda status: status["state"] not in ("pending", "building"),
    )


def test_an_upload_on_a_full_disk_stores_nothing(disk):
    with ControlService(disk.folder / "data") as service:
        create(service)
        first = upload(service, [STEP])
        assert first.status == 200
        before = service.ask("GET", JOB + "/sources").body
        answer = upload(service, files(8 << 20))
        assert answer.status == 503
        assert "no room left" in answer.json()["what"]
        assert "make room" in answer.json()["countermeasures"]
        assert service.ask("GET", JOB + "/sources").body == before
        assert deploy(service, first.json()["version_sha"])["state"] == "deployed"
        assert disk("remount,size=100m")
        assert upload(service, files(8 << 20)).status == 200
        service.kill()
        service.start()
        assert service.ask("GET", JOB + "/sources").body != before


def test_a_deployment_on_a_full_disk_is_made_when_there_is_room(new_store, disk):
    settings = new_store()
    if not settings:
        pytest.skip("here sources are stored on another disk than they are unpacked on")
    with ControlService(disk.folder / "data", settings) as service:
        create(service)
        version = upload(service, files(8 << 20)).json()["version_sha"]
        status = deploy(service, version)
        assert status["state"] == "platform_error", status
        assert "cannot be unpacked" in status["message"]
        assert list((disk.folder / "data" / "jobs").rglob("data.bin")) == []
        assert disk("remount,size=100m")
        wait_until(
            lambda: service.send("GET", JOB + "/deployments/x/status").json(),
            lambda status: status["state"] == "deployed",
        )


def test_a_log_that_fills_the_disk_keeps_no_run_from_its_end(disk):
    with ControlService(disk.folder / "data") as service:
        create(service)
        assert deploy(service, upload(service, [LOUD]).json()["version_sha"])["state"] == "deployed"
        answer = service.send("POST", JOB + "/deployments/x/executions", {})
        assert answer.status == 202
        id = answer.header("Location").rpartition("/")[2]
        ended = disk.folder / "data" / "attempts" / f"{id}-1" / "ended"
        wait_until(lambda: ended.exists() and ended.read_text().strip(), bool, "the run's end")
        # The disk is full: the end is known, and stored as soon as there is room.
        assert service.send("GET", f"{JOB}/executions/{id}").status == 200
        assert disk("remount,size=100m")
        told = wait_until(
            lambda: service.send("GET", f"{JOB}/executions/{id}").json(),
            lambda one: one["status"] not in ("submitted", "running"),
        )
        assert told["status"] == "succeeded"
        assert "xxx" in service.send("GET", f"{JOB}/executions/{id}/logs").json()["logs"]


def test_a_start_on_a_full_disk_goes_on_when_there_is_room(disk):
    assert disk("remount,size=64k")
    service = ControlService(disk.folder / "data")
    said = service.refusal()
    assert "cannot use its database" in said and "Make room" in said
    assert disk("remount,size=4m")
    with service:
        create(service)


def test_a_data_directory_that_may_only_be_read_is_refused(disk):
    assert disk("remount,ro")
    for folder in (disk.folder, disk.folder / "data"):
        said = ControlService(folder).refusal()
        assert f"cannot use its data directory '{folder}'" in said
        assert "Read-only file system" in said and "--data-dir" in said


def test_a_file_is_no_data_directory(tmp_path):
    file = tmp_path / "file"
    file.touch()
    said = ControlService(file).refusal()
    assert f"cannot use its data directory '{file}'" in said and "Not a directory" in said


def test_a_damaged_database_is_refused_as_it_is(tmp_path):
    service = ControlService(tmp_path / "data")
    with service:
        create(service)
        assert upload(service, files(1 << 20)).status == 200
    file = tmp_path / "data" / "service.db"
    whole = file.read_bytes()
    for damaged in (b"no database" * 1000, whole[:100] + bytes(len(whole) - 100)):
        file.write_bytes(damaged)
        said = service.refusal()
        assert f"cannot use its database '{file}'" in said
        assert "is not a database" in said or "malformed" in said
        assert "Put back a copy" in said
        assert file.read_bytes() == damaged
    file.write_bytes(whole)
    with service:
        assert service.send("GET", JOB).status == 200


def test_damage_that_is_found_later_is_told(tmp_path):
    service = ControlService(tmp_path / "data")
    with service:
        create(service)
        assert upload(service, files(1 << 20)).status == 200
    file = tmp_path / "data" / "service.db"
    whole = file.read_bytes()
    at = whole.index(make_archive(files(1 << 20))[2000:2100])
    with file.open("r+b") as stored:
        # The pages of a large value begin with the number of the next one.
        for page in range(at // 4096, len(whole) // 4096):
            stored.seek(page * 4096)
            stored.write(b"\xff" * 4)
    with service:
        answer = service.ask("GET", JOB + "/sources")
        assert answer.status == 503
        assert "is damaged" in answer.json()["what"]
        assert service.send("GET", JOB).status == 200


@pytest.mark.parametrize("content", ["", "no name\n"])
def test_a_damaged_name_of_the_executor_is_refused(tmp_path, content):
    service = ControlService(tmp_path / "data")
    with service:
        pass
    (tmp_path / "data" / "node").write_text(content)
    said = service.refusal()
    assert "node' is damaged" in said and "Put back a copy" in said


def test_a_key_that_is_none_is_refused(tmp_path):
    for settings, words in (
        ({"VDK_SERVICE_SECRETS_KEY": "open sesame"}, "openssl rand -base64 32"),
        ({"VDK_SERVICE_SECRETS_KEY_FILE": str(tmp_path / "nowhere")}, "nowhere cannot be read"),
    ):
        said = ControlService(tmp_path / "data", settings).refusal()
        assert words in said
        assert "sesame" not in said


def test_a_database_that_does_not_answer_is_told(tmp_path):
    settings = {
        "DB_JDBC_URL": "jdbc:postgresql://127.0.0.1:1/none",
        "DB_USERNAME": "somebody",
        "DB_PASSWORD": "an-open-word",
    }
    said = ControlService(tmp_path / "data", settings).refusal()
    assert "cannot use its PostgreSQL database" in said and "refused" in said
    assert "an-open-word" not in said
