"""`vdk run --isolated`: a job in an environment of its own, installed by the real pip."""

import base64
import fcntl
import hashlib
import os
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("VDK_BUILD_DIR", ROOT / "build" / "release"))
VDK = Path(os.environ.get("VDK_BIN", BUILD / "bin" / "vdk")).absolute()
WHEELS = BUILD.parent / "environment-wheels"
TIME_LIMIT_SECONDS = 300

# What every environment with requirements gets, and one package more, as the index has them.
FROM_THE_INDEX = ["click==8.*", "pluggy", "click-log", "click-plugins", "tenacity", "setuptools<81"]
FROM_THE_INDEX += ["six==1.16.0"]


@pytest.fixture(scope="session")
def wheels():
    """Fetched once; the environments are then made without a network."""
    WHEELS.mkdir(parents=True, exist_ok=True)
    stamp = WHEELS / f"python{sys.version_info.major}.{sys.version_info.minor}.txt"
    with (WHEELS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != "\n".join(FROM_THE_INDEX):
            command = [sys.executable, "-m", "pip", "download", "--quiet", "-d", WHEELS]
            subprocess.run([*command, *FROM_THE_INDEX], check=True)
            stamp.write_text("\n".join(FROM_THE_INDEX))
    return WHEELS


def write_wheel(folder, name, version, files, requires=(), entry_points=""):
    """A package as an index would have it; returns its file."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    information = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n"
    metadata += "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
    contents = {
        **files,
        f"{information}/METADATA": metadata,
        f"{information}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if entry_points:
        contents[f"{information}/entry_points.txt"] = entry_points
    record = ""
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in contents.items():
            archive.writestr(file, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())
            record += f"{file},sha256={digest.rstrip(b'=').decode()},{len(text.encode())}\n"
        archive.writestr(f"{information}/RECORD", record + f"{information}/RECORD,,\n")
    return path


class Stage:
    def __init__(self, root, wheels):
        self.root = root
        self.packages = root / "packages"
        self.packages.mkdir()
        self.cache = root / "state" / "environments"
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(root),
            "LANG": "C.UTF-8",
            "VDK_PYTHON": sys.executable,
            "VDK_STATE_DIRECTORY": str(root / "state"),
            "VDK_LOG_EXCEPTION_FORMATTER": "plain",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": f"{wheels} {self.packages}",
            "PIP_NO_CACHE_DIR": "1",
        }

    def job(self, body, requirements="", name="job"):
        folder = self.root / name
        folder.mkdir(exist_ok=True)
        body = textwrap.indent(textwrap.dedent(body), "    ")
        (folder / "10_step.py").write_text(f"def run(job_input):\n{body}\n")
        if requirements:
            (folder / "requirements.txt").write_text(requirements)
        return folder

    def start(self, name="job", **env):
        return subprocess.Popen(
            [VDK, "run", name, "--isolated"],
            cwd=self.root,
            env={**self.env, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, name="job", **env):
        process = self.start(name, **env)
        stdout, stderr = process.communicate(timeout=TIME_LIMIT_SECONDS)
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    def runs(self, name="job", **env):
        done = self.run(name, **env)
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def environments(self):
        return sorted(path for path in self.cache.glob("*-*") if path.is_dir())


@pytest.fixture
def stage(tmp_path, wheels):
    return Stage(tmp_path, wheels)


def test_a_job_without_requirements_needs_nothing_but_an_interpreter(stage):
    stage.job("import sys; print(sys.prefix)")
    stage.job("import sys; print(sys.prefix)", name="other")
    # No installer could work with this.
    broken = {"PIP_FIND_LINKS": "", "PIP_REQUIRE_VIRTUALENV": "nonsense"}
    first = stage.runs(**broken).stdout
    assert Path(first.strip()).parent == stage.cache
    assert stage.runs("other", **broken).stdout == first
    assert len(stage.environments()) == 1


def test_a_package_is_there_for_the_job_that_requires_it(stage):
    write_wheel(stage.packages, "ours_alone", "1.0", {"ours_alone.py": "word = 'found'\n"})
    stage.job("import ours_alone; print(ours_alone.word)", "ours-alone\nsix==1.16.0\n")
    stage.job("import ours_alone", name="other")
    assert stage.runs().stdout == "found\n"
    assert "No module named 'ours_alone'" in stage.run("other").stderr
    again = stage.runs()
    assert "Collecting" not in again.stdout + again.stderr


def test_requirements_of_vdk_itself_are_passed_over(stage):
    write_wheel(stage.packages, "vdk_core", "0.3.7", {"vdk/internal/core/marker.py": ""})
    write_wheel(stage.packages, "quickstart_vdk", "0.2", {}, ["vdk-core==0.3.7"])
    stage.job(
        "import importlib.metadata as m; print(m.version('vdk-core'))",
        "vdk-core==0.3.*\nquickstart-vdk\nsix\n",
    )
    done = stage.runs()
    assert not done.stdout.startswith("0.3")
    assert done.stderr.count("is passed over: vdk-core") == 2
    (environment,) = stage.environments()
    assert not list(environment.glob("lib/python*/site-packages/vdk_core-0*"))


def test_a_plugin_that_requires_vdk_core_finds_it_there(stage):
    write_wheel(stage.packages, "some_plugin", "1.0", {"some_plugin.py": ""}, ["vdk-core"])
    stage.job("import some_plugin; print('ran')", "some-plugin\n")
    done = stage.runs()
    assert done.stdout == "ran\n"
    assert "overruled" not in done.stderr


def test_a_pinned_vdk_core_of_a_plugin_is_overruled(stage):
    files = {"vdk/internal/core/config.py": "raise SystemExit('upstream')\n"}
    write_wheel(stage.packages, "vdk_core", "0.3.7", files, ["six"])
    write_wheel(
        stage.packages, "old_plugin", "1.0", {"old_plugin.py": ""}, ["vdk-core==0.3.*", "deeper"]
    )
    write_wheel(stage.packages, "deeper", "2.0", {"deeper.py": "word = 'deep'\n"})
    write_wheel(stage.packages, "deeper", "3.0", {"deeper.py": "word = 'too deep'\n"})
    stage.job("import old_plugin, deeper; print(deeper.word)", "old-plugin\ndeeper<3\n")
    done = stage.runs()
    assert done.stdout == "deep\n"
    assert "takes the place of vdk-core 0.3.7." in done.stderr
    (environment,) = stage.environments()
    (information,) = environment.glob("lib/python*/site-packages/vdk_core-*")
    assert information.name != "vdk_core-0.3.7.dist-info"


def test_what_cannot_be_installed_is_said_with_the_installers_own_words(stage):
    stage.job("print('ran')", "no-such-package-anywhere\n")
    done = stage.run()
    assert done.returncode == 1
    assert done.stdout == ""
    for words in (
        "The job's requirements cannot be installed.",
        "No matching distribution found for no-such-package-anywhere",
        "There is no environment for the job.",
        "Correct requirements.txt",
    ):
        assert words in done.stderr
    assert not stage.environments()


def test_another_program_in_its_place_is_not_taken(stage):
    script = "[console_scripts]\nvdk = impostor:main\n"
    write_wheel(
        stage.packages, "impostor", "1.0", {"impostor.py": "def main(): pass\n"}, (), script
    )
    stage.job("print('ran')", "impostor\n")
    done = stage.run()
    assert done.returncode == 1
    assert "put another program in the place of this one" in done.stderr
    assert not stage.environments()


def test_a_program_of_the_environment_is_this_one(stage):
    stage.job(
        """
        import shutil, subprocess, sys
        out = subprocess.run(["vdk", "run", "inner"], capture_output=True, text=True)
        print(out.stdout.strip() == sys.prefix, out.stderr if out.returncode else "")
        """
    )
    stage.job("import sys; print(sys.prefix)", name="inner")
    assert stage.runs().stdout.strip() == "True"


def test_of_many_runs_at_a_time_one_builds(stage):
    stage.job("import six; print(six.__version__)", "six==1.16.0\n")
    started = [stage.start() for _ in range(4)]
    ended = [process.communicate(timeout=TIME_LIMIT_SECONDS) for process in started]
    assert [out for out, _ in ended] == ["1.16.0\n"] * 4
    assert sum("Successfully installed" in err for _, err in ended) == 1
    assert len(stage.environments()) == 1


def test_a_killed_build_is_made_anew(stage):
    stage.job("import six; print('ran')", "six==1.16.0\n")
    killed = stage.run(VDK_KILL_POINT="environment.built")
    assert killed.returncode == -9
    assert stage.runs().stdout == "ran\n"


def test_a_package_of_the_job_itself_is_installed_as_it_is_now(stage):
    job = stage.job("import tool; print(tool.word)", "./tool\n")
    (job / "tool").mkdir()
    (job / "tool" / "pyproject.toml").write_text(
        "[build-system]\nrequires = ['setuptools']\nbuild-backend = 'setuptools.build_meta'\n"
        "[project]\nname = 'tool'\nversion = '1'\n[tool.setuptools]\npy-modules = ['tool']\n"
    )
    for word in ("first", "second"):
        (job / "tool" / "tool.py").write_text(f"word = '{word}'\n")
        assert stage.runs().stdout == word + "\n"


def test_packages_that_are_built_find_what_old_ones_need(stage):
    job = stage.job("import old_tool; print('ran')", "./old_tool\n")
    (job / "old_tool").mkdir()
    (job / "old_tool" / "pyproject.toml").write_text(
        "[build-system]\nrequires = ['setuptools']\nbuild-backend = 'setuptools.build_meta'\n"
    )
    (job / "old_tool" / "old_tool.py").write_text("")
    (job / "old_tool" / "setup.py").write_text(
        "import pkg_resources, setuptools\n"
        "setuptools.setup(name='old_tool', version='1', py_modules=['old_tool'])\n"
    )
    # An index has newer ones, in which pkg_resources is gone.
    write_wheel(stage.packages, "setuptools", "90.0", {"setuptools.py": ""})
    assert stage.runs().stdout == "ran\n"


def test_hashes_are_checked(stage, wheels):
    (six,) = wheels.glob("six-1.16.0*")
    digest = hashlib.sha256(six.read_bytes()).hexdigest()
    stage.job("import six; print('ran')", f"six==1.16.0 --hash=sha256:{digest}\nvdk-core\n")
    assert stage.runs().stdout == "ran\n"
    stage.job("print('ran')", f"six==1.16.0 --hash=sha256:{'0' * 64}\n", name="forged")
    done = stage.run("forged")
    assert done.returncode == 1
    assert "hash" in done.stderr.lower()


def test_a_python_that_is_not_there_is_said(stage):
    job = stage.job("print('ran')")
    (job / "config.ini").write_text("[job]\npython_version = 9.9\n")
    done = stage.run()
    assert done.returncode == 1
    assert "There is no Python interpreter '9.9'." in done.stderr
    assert "python_version" in done.stderr
