"""The mirror in git, with the real git: on this machine, at a remote, and where that is away."""

import subprocess
import time
from pathlib import Path

import pytest
from control_service import ControlService
from git_server import GitServer
from recorded_archives import make_archive

TEAM = "/data-jobs/for-team/alpha/jobs"
SECONDS = 60
PASSWORD = "pass word'\"$(touch no)%41"


def git(repository, *words):
    done = subprocess.run(
        ["git", f"--git-dir={repository}", *words], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def make_remote(path, branch="master"):
    command = ["git", "init", "--quiet", "--bare", f"--initial-branch={branch}", path]
    subprocess.run(command, check=True)
    git(path, "config", "http.receivepack", "true")
    return path


def wait_until(is_so):
    deadline = time.monotonic() + SECONDS
    while not (found := is_so()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def create(service, name):
    assert service.send("POST", TEAM, {"job_name": name, "config": {}}).status == 201


def upload(service, name, files, reason=""):
    answer = service.ask("POST", f"{TEAM}/{name}/sources?reason={reason}", make_archive(files))
    assert answer.status == 200, answer.body
    return answer.json()["version_sha"]


def tree(repository, name, branch="master"):
    """The version that the branch has of a job, or nothing."""
    try:
        return git(repository, "rev-parse", "--verify", "--quiet", f"{branch}:{name}")
    except subprocess.CalledProcessError:
        return None


def test_each_version_is_a_commit_and_the_folder_is_the_version(new_store, tmp_path):
    odd = 'job/a "quoted" näme.sql'
    with ControlService(tmp_path / "data", new_store()) as service:
        repository = tmp_path / "data" / "mirror.git"
        create(service, "job-one")
        create(service, "job-two")
        first = upload(service, "job-one", [("job/10_a.sql", "SELECT 1;")], "the%20first")
        wait_until(lambda: tree(repository, "job-one") == first)
        upload(service, "job-two", [("job/10_b.sql", "SELECT 1;")])
        files = [("job/10_a.sql", "SELECT 2;"), (odd, b"\x00\xff\r\n"), ("job/.gitignore", "*")]
        second = upload(service, "job-one", files)
        wait_until(lambda: tree(repository, "job-one") == second)
        subjects = wait_until(
            lambda: (
                sorted(s)
                if len(s := git(repository, "log", "--format=%s", "master").splitlines()) == 3
                else None
            )
        )
        assert subjects == ["Update data job: job-one"] * 2 + ["Update data job: job-two"]
        (oldest,) = git(repository, "log", "--reverse", "--format=%b", "master").splitlines()[:1]
        assert oldest == "the first"
        # Back to the first one: a commit again. The same once more: none.
        assert upload(service, "job-one", [("job/10_a.sql", "SELECT 1;")]) == first
        wait_until(lambda: tree(repository, "job-one") == first)
        upload(service, "job-one", [("job/10_a.sql", "SELECT 1;")])
        third = upload(service, "job-two", [("job/10_b.sql", "SELECT 3;")])
        wait_until(lambda: tree(repository, "job-two") == third)
        assert git(repository, "rev-list", "--count", "master") == "5"
        assert git(repository, "fsck", "--strict", "--no-progress") == ""


def test_a_service_without_git_and_a_killed_git_leave_nothing_out(new_store, tmp_path):
    store = new_store()
    repository = tmp_path / "data" / "mirror.git"
    with ControlService(tmp_path / "data", store | {"PATH": "/nowhere"}) as service:
        create(service, "job-one")
        version = upload(service, "job-one", [("job/10_a.sql", "SELECT 1;")])
        assert any("not mirrored" in line for line in service.log)
    with ControlService(tmp_path / "data", store):
        wait_until(lambda: tree(repository, "job-one") == version)
    (repository / "refs" / "heads" / "master.lock").touch()
    with ControlService(tmp_path / "data", store) as service:
        version = upload(service, "job-one", [("job/10_a.sql", "SELECT 2;")])
        wait_until(lambda: tree(repository, "job-one") == version)


def test_a_remote_over_http_gets_what_others_left_and_no_secret_is_seen(new_store, tmp_path):
    remote = make_remote(tmp_path / "remotes" / "jobs.git", "main")
    seen = []
    with GitServer(tmp_path / "remotes", "robot", PASSWORD) as server:
        settings = new_store() | {
            "GIT_URL": f"127.0.0.1:{server.port}/jobs.git",
            "GIT_SSL_ENABLED": "false",
            "GIT_BRANCH": "main",
            "GIT_USERNAME_READ_WRITE": "robot",
            "GIT_PASSWORD_READ_WRITE": PASSWORD,
        }
        with ControlService(tmp_path / "data", settings) as service:
            create(service, "job-one")
            version = upload(service, "job-one", [("job/10_a.sql", "SELECT 1;")])

            def is_there():
                for line in Path("/proc").glob("[0-9]*/cmdline"):
                    try:
                        seen.append(line.read_bytes())
                    except OSError:
                        continue
                return tree(remote, "job-one", "main") == version

            wait_until(is_there)
            # Somebody else pushes: the service goes on from there.
            other = tmp_path / "other"
            subprocess.run(["git", "clone", "--quiet", remote, other], check=True)
            (other / "README").write_text("of people\n")
            author = ["-c", "user.name=x", "-c", "user.email=x@y"]
            subprocess.run(["git", "-C", other, "add", "."], check=True)
            commit = ["git", *author, "-C", other, "commit", "--quiet", "-m", "More"]
            subprocess.run(commit, check=True)
            subprocess.run(["git", "-C", other, "push", "--quiet"], check=True)
            version = upload(service, "job-one", [("job/10_a.sql", "SELECT 2;")])
            wait_until(lambda: tree(remote, "job-one", "main") == version)
            assert git(remote, "show", "main:README") == "of people"
            log = "".join(service.log)
    assert any(header == server.expected for _, header in server.requests)
    assert not any(PASSWORD.encode() in words for words in seen)
    assert PASSWORD not in log


def test_a_remote_that_is_away_keeps_nobody_waiting(new_store, tmp_path):
    remote = tmp_path / "jobs.git"
    store = new_store() | {"GIT_URL": str(remote)}
    with ControlService(tmp_path / "data", store) as service:
        create(service, "job-one")
        version = upload(service, "job-one", [("job/10_a.sql", "SELECT 1;")])
        path = f"{TEAM}/job-one/deployments"
        assert service.send("POST", path, {"job_version": version}).status == 202
        wait_until(lambda: service.send("GET", path + "/x/status").json()["state"] == "deployed")
        wait_until(lambda: any("wait to be mirrored" in line for line in service.log))
    make_remote(remote)
    with ControlService(tmp_path / "data", store):
        wait_until(lambda: tree(remote, "job-one") == version)


@pytest.mark.parametrize(
    ("settings", "property_name"),
    [
        ({"GIT_URL": "--upload-pack=touch"}, "datajobs.git.url"),
        ({"GIT_BRANCH": "a b"}, "datajobs.git.branch"),
        ({"GIT_BRANCH": "../x"}, "datajobs.git.branch"),
        ({"GIT_URL": "h/x", "GIT_PASSWORD": "a\nb"}, "datajobs.git.password"),
    ],
)
def test_settings_that_git_would_misread_are_refused(tmp_path, settings, property_name):
    with pytest.raises(RuntimeError, match=property_name.replace(".", r"\.")):
        ControlService(tmp_path / "data", settings).start()
