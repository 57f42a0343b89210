"""One `pip install` gives the program, the extension module and the Python package, in every kind of interpreter."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("VDK_BUILD_DIR", ROOT / "build" / "release"))


def check(command, **options):
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}"
    return done.stdout


def tag_of(python):
    minor = int(check([python, "-c", "import sys; print(sys.version_info.minor)"]))
    return f"cp3{minor}-cp3{minor}" if minor < 12 else "cp312-abi3"


def make_wheels(directory, *tags):
    check([sys.executable, ROOT / "python/packaging/wheels.py", BUILD, directory, *tags])
    return {"-".join(path.stem.split("-")[2:4]): path for path in directory.glob("*.whl")}


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """The repaired wheel for this interpreter."""
    tag = tag_of(sys.executable)
    return make_wheels(tmp_path_factory.mktemp("wheel"), tag)[tag]


def make_environment(python, directory, *requirements):
    check([python, "-m", "venv", directory])
    if requirements:
        check([directory / "bin/python", "-m", "pip", "install", "--quiet", *requirements])
    return directory


@pytest.fixture(scope="session")
def environment(wheel, tmp_path_factory):
    """A fresh environment of this interpreter with the wheel and DuckDB's module."""
    directory = tmp_path_factory.mktemp("environment") / "env"
    return make_environment(sys.executable, directory, f"{wheel}[quickstart]")


def run(environment, *arguments, cwd, **variables):
    home = cwd / "home"
    home.mkdir(exist_ok=True)
    variables = {"PATH": os.defpath, "HOME": str(home), **variables}
    return check([environment / "bin/vdk", *arguments], env=variables, cwd=cwd)


def run_both_kinds_of_job(environment, directory):
    shutil.copytree(ROOT / "examples/hello", directory / "hello")
    assert "Hello, World!" in run(environment, "run", "hello", cwd=directory)
    shutil.copytree(ROOT / "examples/sql-only", directory / "sql-only")
    arguments = '{"planet": "Jupiter", "min_radius_km": 1000}'
    run(environment, "run", "sql-only", "--arguments", arguments, cwd=directory)


def test_the_readme_names_the_oldest_linux_of_the_wheels(wheel):
    (platform,) = re.findall(r"manylinux_\d+_\d+", wheel.name)
    assert platform in (ROOT / "README.md").read_text()


def test_the_wheel_brings_libraries_but_no_database_engine(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for library in "libpq", "libcurl", "libfmt":
        assert [name for name in names if f"/lib/vdk/libraries/{library}-" in name]
    assert not [name for name in names if re.search(r"lib(duckdb|sqlite3)", name)]


def test_the_command_is_the_native_program(environment):
    assert (environment / "bin/vdk").read_bytes().startswith(b"\x7fELF")


def test_pip_finds_nothing_missing(environment):
    check([environment / "bin/python", "-m", "pip", "check"])


def test_jobs_of_sql_and_of_python_steps_run(environment, tmp_path):
    run_both_kinds_of_job(environment, tmp_path)


def test_a_job_of_sql_steps_reaches_duckdb_through_the_interpreters_module(environment, tmp_path):
    job = tmp_path / "job"
    job.mkdir()
    (job / "10_create.sql").write_text("create table t as select 42 as a")
    (job / "config.ini").write_text("[vdk]\ndb_default_type = duckdb\n")
    settings = {"VDK_DUCKDB_DATABASE": str(tmp_path / "kept.duckdb")}
    run(environment, "run", "job", cwd=tmp_path, **settings)
    rows = run(environment, "duckdb-query", "-q", "select a from t", cwd=tmp_path, **settings)
    assert "42" in rows


def test_the_version_is_the_one_of_the_program(environment, tmp_path):
    shown = check(
        [environment / "bin/python", "-c"]
        + ["from importlib.metadata import version; print(version('vdk-core'))"]
    )
    assert run(environment, "--version", cwd=tmp_path) == f"vdk {shown}"


def test_any_program_of_the_environment_imports_the_package(environment):
    check([environment / "bin/python", "-c", "from vdk.api.job_input import IJobInput"])


def test_the_requirement_of_a_plugin_is_satisfied(environment, tmp_path):
    said = check(
        [environment / "bin/python", "-m", "pip", "install", "--dry-run", "vdk-gdp-execution-id"]
    )
    assert re.search(r"Requirement already satisfied: vdk-core", said)
    assert not re.search(r"Would install .*vdk-core", said)


def files_of(directory):
    return {path.relative_to(directory) for path in directory.rglob("*")}


def test_uninstalling_leaves_nothing(wheel, tmp_path):
    env = make_environment(sys.executable, tmp_path / "env")
    before = files_of(env)
    pip = [env / "bin/python", "-m", "pip", "--disable-pip-version-check"]
    check([*pip, "install", "--quiet", "--no-deps", wheel])
    assert files_of(env) > before
    run_both_kinds_of_job(env, tmp_path)
    check([*pip, "uninstall", "--quiet", "--yes", "vdk-core"])
    left = files_of(env) - before
    # pip keeps byte code of its own that it wrote while it worked.
    assert not [path for path in left if "pip" not in path.parts]


def test_a_moved_upstream_core_on_the_path_ends_the_start_with_one_line(environment, tmp_path):
    foreign = tmp_path / "foreign/vdk/internal"
    foreign.mkdir(parents=True)
    (foreign / "cli_entry.py").write_text("")
    shutil.copytree(ROOT / "examples/hello", tmp_path / "hello")
    done = subprocess.run(
        [environment / "bin/vdk", "run", "hello"],
        env={"PATH": os.defpath, "HOME": str(tmp_path), "PYTHONPATH": str(tmp_path / "foreign")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "pip uninstall vdk-core" in done.stderr


def test_a_custom_distribution_gives_all_commands_its_defaults(wheel, tmp_path):
    sources = tmp_path / "custom-distribution"
    shutil.copytree(ROOT / "examples/custom-distribution", sources)
    env = make_environment(sys.executable, tmp_path / "env", wheel, sources)
    settings = {"VDK_SQLITE_FILE": str(tmp_path / "acme.db")}
    run(env, "run", "job", cwd=sources, **settings)
    rows = run(env, "sql", "select number, region from orders order by 1", cwd=sources, **settings)
    assert json.loads(rows) == [{"number": n, "region": "emea"} for n in range(3)]
    run(env, "run", "job", "--arguments", '{"region": "apac"}', cwd=sources, **settings)
    rows = run(
        env, "sql", "select distinct region from orders", "-o", "csv", cwd=sources, **settings
    )
    assert "apac" in rows
    configuration = json.loads(run(env, "config", "job", cwd=sources))
    assert "acme-vdk" in json.dumps(configuration)


AUTHORS_TEST = """
from vdk.plugin.test_utils.util_funcs import CliEntryBasedTestRunner, cli_assert_equal
from vdk.plugin.test_utils.util_plugins import IngestIntoMemoryPlugin, SqLite3MemoryDbPlugin
from vdk.plugin.test_utils.ingest_util_plugins import AddPayloadSizeAsColumn

def test_it(tmp_path, monkeypatch):
    monkeypatch.setenv("VDK_DB_DEFAULT_TYPE", "SQLITE_MEMORY")
    monkeypatch.setenv("VDK_INGEST_PAYLOAD_PREPROCESS_SEQUENCE", "add-payload-size")
    (tmp_path / "10_step.py").write_text(
        "def run(job_input):\\n"
        "    job_input.execute_query('create table t (a integer)')\\n"
        "    job_input.send_object_for_ingestion({'a': 1}, 't', method='memory')\\n"
    )
    for _ in range(2):
        memory, database = IngestIntoMemoryPlugin(), SqLite3MemoryDbPlugin()
        result = CliEntryBasedTestRunner(memory, database, AddPayloadSizeAsColumn()).invoke(["run", str(tmp_path)])
        cli_assert_equal(0, result)
        assert memory.payloads[0].payload == [{"a": 1, "payload_size": 8}]
        assert database.db.execute_query("select count(*) from t") == [(0,)]
    failed = CliEntryBasedTestRunner().invoke(["run", str(tmp_path / "nowhere")])
    cli_assert_equal(2, failed)
"""


@pytest.mark.parametrize(
    "click", [pytest.param("click==8.1.8", marks=pytest.mark.full), "click==8.*"]
)
def test_an_author_tests_a_plugin(click, wheel, tmp_path):
    env = make_environment(sys.executable, tmp_path / "env", wheel, click, "pytest")
    (tmp_path / "test_it.py").write_text(AUTHORS_TEST)
    check([env / "bin/python", "-m", "pytest", "-q", "test_it.py"], cwd=tmp_path)


def test_another_installation_is_not_mixed_with_the_one_that_was_started(environment, tmp_path):
    job = tmp_path / "job"
    job.mkdir()
    (job / "10_where.py").write_text("import vdk\ndef run(job_input): print(*vdk.__path__)\n")
    python = str(environment / "bin/python")
    said = check(
        [BUILD / "bin/vdk", "run", job],
        env={"PATH": os.defpath, "HOME": str(tmp_path), "VDK_PYTHON": python},
    )
    assert str(BUILD / "lib/vdk/python/vdk") in said
    assert str(environment) not in said.replace(python, "")


def back_end(code, **variables):
    return subprocess.run(
        [sys.executable, "-c", f"import vdk_build; {code}"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "python/packaging"), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_free_threaded_interpreter_is_refused_by_name(tmp_path):
    # Such an interpreter says so in the data that sysconfig reads; here they are another module.
    (tmp_path / "free_threaded.py").write_text("build_time_vars = {'Py_GIL_DISABLED': 1}\n")
    done = back_end(
        "vdk_build.build_wheel('.')",
        _PYTHON_SYSCONFIGDATA_NAME="free_threaded",
        PYTHONPATH=f"{ROOT / 'python/packaging'}:{tmp_path}",
    )
    assert done.returncode != 0
    assert f"{sys.executable} is a free-threaded build" in done.stderr


def test_pip_builds_from_the_source(tmp_path):
    """From the tree that is built already: the same back end, without the compiler's time."""
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    check([*pip, "--config-settings", f"build-dir={BUILD}", "-w", tmp_path, ROOT])
    (wheel,) = tmp_path.glob("*.whl")
    env = make_environment(sys.executable, tmp_path / "env", "--no-deps", wheel)
    run_both_kinds_of_job(env, tmp_path)


@pytest.mark.full
def test_pip_install_compiles_a_clone(tmp_path):
    env = make_environment(sys.executable, tmp_path / "env", ROOT)
    run_both_kinds_of_job(env, tmp_path)


def test_the_source_distribution_holds_what_is_needed_to_build(tmp_path):
    done = back_end(f"print(vdk_build.build_sdist({str(tmp_path)!r}))")
    assert done.returncode == 0, done.stderr
    names = check(["tar", "tzf", tmp_path / done.stdout.strip()]).splitlines()
    inside = {name.partition("/")[2] for name in names}
    assert {"PKG-INFO", "pyproject.toml", "CMakeLists.txt", "sdk/src/main.cpp"} <= inside


@pytest.mark.full
def test_jobs_run_in_an_environment_of_every_interpreter(tmp_path):
    wheels = make_wheels(tmp_path)
    modules = (BUILD / "lib/vdk/python/vdk").glob("_native.*.so")
    assert len(wheels) == len(list(modules)) > 0
    for number, python in enumerate(check([sys.executable, ROOT / "tools/pythons"]).split(";")):
        if wheel := wheels.get(tag_of(python.strip())):
            env = make_environment(python.strip(), tmp_path / f"env{number}", wheel)
            (tmp_path / str(number)).mkdir()
            run_both_kinds_of_job(env, tmp_path / str(number))
