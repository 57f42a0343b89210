"""Uploads that mean harm are refused before anything of them is stored."""

import io
import stat
import struct
import warnings
import zipfile
from pathlib import Path

import pytest
from recorded_archives import make_archive

TEAM = "/data-jobs/for-team/alpha/jobs"
STEP = ("job/10_step.sql", "SELECT 1;")


def with_mode(name, mode, content):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(*STEP)
        entry = zipfile.ZipInfo(name)
        entry.create_system = 3
        entry.external_attr = mode << 16
        archive.writestr(entry, content)
    return data.getvalue()


def twice(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make_archive([STEP, (name, "a"), (name, "b")])


def encrypted():
    data = bytearray(make_archive([STEP]))
    data[6] |= 1  # of the entry's own header
    data[data.index(b"PK\x01\x02") + 8] |= 1  # and of the directory's
    return bytes(data)


def overlapping(count):
    """An archive whose directory names the same compressed megabyte over and over."""
    data = make_archive([("job/00000.sql", bytes(1 << 20))])
    start = data.index(b"PK\x01\x02")
    entry = data[start : start + 46 + len("job/00000.sql")]
    directory = b"".join(entry[:46] + b"job/%05d.sql" % number for number in range(count))
    sizes = struct.pack("<HHIIH", count, count, len(directory), start, 0)
    return data[:start] + directory + b"PK\x05\x06\0\0\0\0" + sizes


def many_entries(count):
    """One that is made without making each entry."""
    local, directory = [], []
    offset = 0
    for number in range(count):
        name = b"job/%x" % number
        head = struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 20, 0, 0, 0, 33, 0, 0, 0, len(name), 0)
        local.append(head + name)
        directory.append(
            struct.pack(
                "<4sHHHHHHIIIHHHHHII",
                *(b"PK\1\2", 20, 20, 0, 0, 0, 33, 0, 0, 0, len(name), 0, 0, 0, 0, 0, offset),
            )
            + name
        )
        offset += len(local[-1])
    both = [b"".join(local), b"".join(directory)]
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 65535, 65535, len(both[1]), len(both[0]), 0)
    return both[0] + both[1] + end


HARMFUL = {
    "a bomb": lambda: make_archive([STEP, ("job/zeros", bytes(64 << 20))]),
    "many entries": lambda: make_archive([(f"job/{i}.sql", "") for i in range(20_000)]),
    "a link": lambda: with_mode("job/link", stat.S_IFLNK | 0o777, "/etc/passwd"),
    "a device": lambda: with_mode("job/device", stat.S_IFCHR | 0o666, ""),
    "a way out": lambda: make_archive([STEP, ("job/../../evil.sql", "")]),
    "an absolute path": lambda: make_archive([STEP, ("/etc/evil.sql", "")]),
    "a backslash": lambda: make_archive([STEP, ("job\\..\\evil.sql", "")]),
    "a file twice": lambda: twice("job/20_step.sql"),
    "a file as a folder": lambda: make_archive([STEP, ("job/a", ""), ("job/a/b.sql", "")]),
    "a deep path": lambda: make_archive([STEP, ("job/" + "a/" * 100 + "b.sql", "")]),
    "a long name": lambda: make_archive([STEP, ("job/" + "a" * 1000, "")]),
    "encryption": encrypted,
    "no step": lambda: make_archive([("job/config.ini", "[owner]\nteam = alpha\n")]),
    "no zip": lambda: b"this is no archive",
    "half of a zip": lambda: make_archive([STEP] + [("job/a", bytes(1000))])[:100],
}


@pytest.fixture(scope="module")
def job(shared_service):
    body = {"job_name": "job-archive", "config": {}}
    assert shared_service.send("POST", TEAM, body).status == 201
    return TEAM + "/job-archive"


def upload(service, job, data):
    kind = {"Content-Type": "application/octet-stream"}
    return service.ask("POST", job + "/sources", data, kind)


@pytest.mark.parametrize("kind", HARMFUL)
def test_it_is_refused(shared_service, job, kind):
    before = shared_service.ask("GET", job + "/sources")
    answer = upload(shared_service, job, HARMFUL[kind]())
    assert answer.status == 400, answer.body
    assert sorted(answer.json()) == ["consequences", "countermeasures", "what", "why"]
    assert shared_service.ask("GET", job + "/sources").body == before.body


def memory_peak(service):
    """Of the service, in bytes, since it was asked before."""
    folder = Path(f"/proc/{service.process.pid}")
    (line,) = [
        line for line in (folder / "status").read_text().splitlines() if line.startswith("VmHWM:")
    ]
    (folder / "clear_refs").write_text("5")  # the peak counts from now on
    return int(line.split()[1]) * 1024


ENDLESS = {
    "a million entries, in what an upload may have": lambda: many_entries(600_000),
    "a gigabyte of zeros": lambda: make_archive([STEP, ("job/zeros", bytes(1 << 30))]),
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_it_is_refused_in_little_memory(shared_service, job, kind):
    data = ENDLESS[kind]()
    assert len(data) < 64 << 20
    memory_peak(shared_service)
    before = memory_peak(shared_service)
    answer = upload(shared_service, job, data)
    assert answer.status == 400, answer.body
    # What came over the wire, which grows as a buffer does, and what is unpacked of it at most.
    assert memory_peak(shared_service) - before < 3 * len(data) + (300 << 20)


def test_entries_that_share_their_content_count_once(shared_service, job):
    assert upload(shared_service, job, overlapping(50_000)).status == 200
    back = zipfile.ZipFile(io.BytesIO(shared_service.ask("GET", job + "/sources").body))
    assert len(back.namelist()) == 1


def test_what_was_uploaded_comes_back(shared_service, job):
    files = {"10_step.sql": b"SELECT 1;", "lib/util.py": b"x = 1\n", "lib/data": bytes(range(256))}
    data = make_archive([(f"any name/{name}", content) for name, content in files.items()])
    assert upload(shared_service, job, data).status == 200
    back = zipfile.ZipFile(io.BytesIO(shared_service.ask("GET", job + "/sources").body))
    assert {name: back.read(name) for name in back.namelist()} == {
        f"job-archive/{name}": content for name, content in files.items()
    }


def test_the_version_is_gits_name_of_the_content(shared_service, job, tmp_path):
    import shutil
    import subprocess

    files = [("job/10_step.sql", "SELECT 1;"), ("job/a-b", "1"), ("job/a/c", "2"), ("job/a.d", "3")]
    answer = upload(shared_service, job, make_archive(files))
    if shutil.which("git") is None:
        pytest.skip("there is no git here")
    for name, content in files:
        path = tmp_path / name.removeprefix("job/")
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
    git = ["git", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    tree = subprocess.run([*git, "write-tree"], check=True, capture_output=True, text=True)
    assert answer.json()["version_sha"] == tree.stdout.strip()
