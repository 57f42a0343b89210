"""What native plugins can do, and what becomes of those that cannot."""

import json
import shutil
import signal

import pytest


def put(built, directory, name, manifest=None, module=None):
    """Copies a built plugin into a directory; `manifest` changes members of its manifest."""
    directory.mkdir(parents=True, exist_ok=True)
    content = json.loads((built / f"vdk_{module or name}.json").read_text()) | (manifest or {})
    content["name"] = name
    (directory / f"vdk_{name}.json").write_text(json.dumps(content))
    shutil.copy(built / f"vdk_{module or name}.so", directory / f"vdk_{name}.so")


def listed(vdk, cwd, *arguments, **environment):
    done = vdk.run("plugins", *arguments, "--output", "json", cwd=cwd, **environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def row(rows, name, **where):
    (found,) = [
        one for one in rows if one["name"] == name and all(one[k] == v for k, v in where.items())
    ]
    return found


def lines(path):
    return path.read_text().splitlines()


# ---- what a plugin contributes -----------------------------------------------------------------


@pytest.fixture
def everything(built, vdk, tmp_path):
    """Runs vdk with the plugin `everything`; returns what it did and the lines that it noted."""

    def run(*arguments, cwd=tmp_path, **environment):
        notes = tmp_path / "notes"
        notes.unlink(missing_ok=True)
        done = vdk.run(
            *arguments,
            cwd=cwd,
            **{"VDK_PLUGIN_PATH": built, "VDK_EVERYTHING_FILE": notes} | environment,
        )
        return done, lines(notes) if notes.exists() else []

    return run


SHOUT_SETTINGS = (
    "-c",
    "properties_default_type=everything-store",
    "-c",
    "ingest_payload_preprocess_sequence=everything-pre",
    "-c",
    "ingest_payload_postprocess_sequence=everything-post",
    "-c",
    "execution_id=e1",
    "-c",
    "db_default_type=everything",
)


def test_a_step_type_uses_connections_properties_ingestion_and_templates(everything, job):
    directory = job("work", {"20_say.shout": "hello\n", "30_say.SHOUT": "template\n"})
    done, notes = everything("run", directory, *SHOUT_SETTINGS, "--arguments", '{"name": "Ada"}')
    assert done.returncode == 0, done.stderr
    assert notes == [
        "shout HELLO in work",
        "asked tell Ada",
        "pre shouts e1",
        "row said=HELLO",
        "post shouts stored",
        "shout TEMPLATE in work",
        "asked tell Ada",
        "pre shouts e1",
        "row said=TEMPLATE",
        "post shouts stored",
    ]


def test_properties_and_secrets_reach_the_commands(everything, job):
    directory = job("work", {"20_say.shout": "hello\n"})
    choice = ("-c", "properties_default_type=everything-store")
    done, _ = everything("properties", directory, *choice, "--set", "color", "red")
    assert done.returncode == 0, done.stderr
    done, _ = everything("properties", directory, *choice, "--get", "color")
    assert done.stdout == "red\n"
    done, _ = everything("secrets", directory, "-c", "secrets_default_type=everything-store")
    assert "color" in done.stdout


def test_a_command_is_declared_in_the_manifest_and_opens_the_plugin_when_it_runs(everything):
    done, _ = everything("everything-greet", "Ada", "--loud")
    assert (done.returncode, done.stdout) == (0, "HELLO, ADA (KIND)!\n")
    assert everything("everything-greet", "nobody")[0].returncode == 3
    assert everything("everything-greet")[0].returncode == 2
    assert "Greet somebody." in everything("--help")[0].stdout
    assert "[kind|cold]" in everything("everything-greet", "--help")[0].stdout
    assert "everything-greet" in everything("completion", "--words", "")[0].stdout


def test_a_file_format_is_read(everything, tmp_path):
    (tmp_path / "poem.words").write_text("roses are\nred")
    done, notes = everything(
        "ingest", "poem.words", "--table", "poem", VDK_INGEST_METHOD_DEFAULT="everything"
    )
    assert done.returncode == 0, done.stderr
    assert notes == ["row word=roses", "row word=are", "row word=red"]


def test_hooks_are_called_at_the_places_that_the_manifest_announces(everything, job):
    directory = job("work", {"10_ask.sql": "select 1;", "20_say.shout": "hello\n"})
    done, notes = everything("run", directory, *SHOUT_SETTINGS, "-c", "everything_hooks=true")
    assert done.returncode == 0, done.stderr
    assert notes == [
        "initialize_job",
        "run_job before",
        "run_step 10_ask.sql",
        "before select 1;",
        "run_step 20_say.shout",
        "shout HELLO in work",
        "before  select 1 -- Testing if connection is alive.",
        "before tell {name}",
        "asked tell {name}",
        "pre shouts e1",
        "row said=HELLO",
        "post shouts stored",
        "ingested shouts",
        "run_job after",
        "finalize_job",
        "vdk_exit 0",
    ]


def test_hooks_are_not_called_and_nothing_is_opened_where_nobody_asked(everything, job):
    directory = job("work", {"10_ask.sql": "select 1;"})
    done, notes = everything(
        "run", directory, "-c", "db_default_type=sqlite", "-c", "secrets_default_type=memory",
        "-c", "properties_default_type=memory", "--events", "events",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert notes == []
    events = [json.loads(line) for line in lines(directory.parent / "events")]
    opened = [event["plugin"] for event in events if event["type"] == "plugin_opened"]
    assert opened == ["sqlite"]


def test_an_exception_in_a_hook_names_the_plugin_and_the_hook(everything, job):
    directory = job("work", {"10_ask.sql": "select 1;"})
    done, notes = everything(
        "run", directory, *SHOUT_SETTINGS, "-c", "everything_hooks=true",
        VDK_EVERYTHING_FAIL="run_job before",
    )  # fmt: skip
    assert done.returncode == 1
    assert "The plugin everything 1.2.3 failed in its hook run_job." in done.stderr
    assert "on purpose" in done.stderr
    assert any(note.startswith("vdk_exception The plugin everything") for note in notes)
    assert notes[-1] == "vdk_exit 1"


def test_a_failure_of_somebody_else_is_not_a_wrappers(everything, job):
    directory = job("work", {"10_ask.bad.sql": "select 1;"})
    (directory / "20_dir.sql").mkdir()
    done, _ = everything("run", directory, *SHOUT_SETTINGS, "-c", "everything_hooks=true")
    assert done.returncode == 1
    assert "is a directory" in done.stderr
    assert "plugin everything" not in done.stderr


# ---- laziness and the list ---------------------------------------------------------------------


def test_the_list_says_what_each_contributes_and_opens_nothing(built, vdk, tmp_path):
    rows = listed(vdk, tmp_path, VDK_PLUGIN_PATH=built)
    everything = row(rows, "everything")
    assert everything["version"] == "1.2.3"
    assert everything["kind"] == "native"
    assert everything["source"] == "VDK_PLUGIN_PATH"
    assert everything["state"] == "not needed"
    assert everything["load_milliseconds"] is None
    assert set(everything["contributions"]) == {
        "connection everything",
        "ingest method everything",
        "pre-processor everything-pre",
        "post-processor everything-post",
        "properties everything-store",
        "secrets everything-store",
        "step type shout",
        "format words",
        "template default/greet",
        "command everything-greet",
    }
    assert "run_step:first:wrapper" in everything["hooks"]
    assert row(rows, "sqlite")["source"] == "installation"
    assert {one["state"] for one in rows if one["kind"] == "native"} == {"not needed"}


def test_loading_all_shows_times_and_causes(built, vdk, tmp_path):
    rows = listed(vdk, tmp_path, "--load", VDK_PLUGIN_PATH=built)
    for name in ("everything", "sqlite", "postgres", "http"):
        assert row(rows, name)["state"] == "loaded", name
        assert row(rows, name)["load_milliseconds"] > 0
    assert row(rows, "tomorrow")["state"] == "failed"
    assert row(rows, "tomorrow")["cause"]
    text = vdk.run("plugins", "--load", cwd=tmp_path, VDK_PLUGIN_PATH=built).stdout
    assert "tomorrow (native) is failed: It was built for version" in text


# ---- what does not fit -------------------------------------------------------------------------


def refusal(vdk, built, job, name):
    directory = job("work", {"10_ask.sql": "select 1;"})
    done = vdk.run(
        "run", directory, "-c", f"db_default_type={name}", cwd=directory, VDK_PLUGIN_PATH=built
    )
    assert done.returncode == 1
    return done.stderr


def test_another_version_of_the_api_is_refused_by_name(built, vdk, job):
    told = refusal(vdk, built, job, "tomorrow")
    assert "The plugin tomorrow 7.0 does not fit this program." in told
    assert "version 4 of the plugin API, and this program has version 3" in told
    assert f"-DCMAKE_PREFIX_PATH='{vdk.prefix}'" in told


def test_another_flavour_is_refused_by_name(built, vdk, job):
    told = refusal(vdk, built, job, "debug")
    assert "The plugin debug 1.0 does not fit this program." in told
    assert "It was built with debug containers, and this program without special options." in told


def test_a_module_that_everybody_may_write_is_not_run(built, vdk, job, plugins):
    put(built, plugins, "everything")
    (plugins / "vdk_everything.so").chmod(0o757)
    told = refusal(vdk, plugins, job, "everything")
    assert "The plugin everything 1.2.3 was not loaded." in told
    assert "chmod o-w" in told


def test_a_module_that_is_not_there_is_named(built, vdk, job, plugins):
    put(built, plugins, "everything")
    (plugins / "vdk_everything.so").unlink()
    told = refusal(vdk, plugins, job, "everything")
    assert "The plugin everything 1.2.3 cannot be loaded." in told


def test_hooks_of_a_plugin_that_cannot_be_opened_are_reported_once_and_the_job_runs(
    built, vdk, job, plugins
):
    nothing_else = {"when": [], "connections": [], "properties": [], "secrets": []}
    put(built, plugins, "everything", nothing_else)
    shutil.copy(built / "vdk_tomorrow.so", plugins / "vdk_everything.so")
    directory = job("work", {"10_ask.sql": "select 1;"})
    done = vdk.run("run", directory, cwd=directory, VDK_PLUGIN_PATH=plugins)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("The hooks of the plugin everything are not called") == 1


def test_an_unknown_hook_is_named_with_the_nearest(built, vdk, tmp_path, plugins):
    put(built, plugins, "everything", {"hooks": ["initialise_job"]})
    rows = listed(vdk, tmp_path, VDK_PLUGIN_PATH=plugins)
    failed = row(rows, "vdk_everything")
    assert failed["state"] == "failed"
    assert "There is no hook 'initialise_job'. Did you mean 'initialize_job'?" in failed["cause"]


# ---- several that want the same ----------------------------------------------------------------


def test_of_two_with_one_name_the_earlier_place_counts(built, vdk, tmp_path, plugins):
    put(built, plugins, "everything", {"version": "2.0"})
    user = vdk.home / ".local" / "share" / "vdk" / "plugins"
    put(built, user, "everything", {"version": "1.0"})
    rows = listed(vdk, tmp_path, VDK_PLUGIN_PATH=plugins)
    assert row(rows, "everything", version="2.0")["state"] == "not needed"
    shadowed = row(rows, "everything", version="1.0")
    assert (shadowed["state"], shadowed["source"]) == ("shadowed", "user")
    assert "everything 2.0" in shadowed["cause"]
    assert row(listed(vdk, tmp_path), "everything")["version"] == "1.0"


def test_two_with_one_name_in_one_place_are_both_named(built, vdk, tmp_path, plugins):
    put(built, plugins, "everything")
    shutil.copy(plugins / "vdk_everything.json", plugins / "vdk_zweite.json")
    done = vdk.run("plugins", cwd=tmp_path, VDK_PLUGIN_PATH=plugins)
    assert done.returncode == 0
    assert "Two plugins are named everything" in done.stderr
    assert "vdk_zweite.json" in done.stderr


def test_of_two_with_one_method_the_earlier_counts_and_both_are_named(
    built, vdk, tmp_path, plugins
):
    put(built, plugins, "everything")
    put(built, plugins, "another", module="everything", manifest={"commands": []})
    done = vdk.run("plugins", "--output", "json", cwd=tmp_path, VDK_PLUGIN_PATH=plugins)
    assert (
        "The plugins another and everything both have the ingest method 'everything'; "
        "that of another is used." in done.stderr
    )
    rows = json.loads(done.stdout)
    assert "ingest method everything (of another)" in row(rows, "everything")["contributions"]


def test_a_plugin_may_take_the_place_of_an_engine_of_the_program(built, vdk, job, plugins):
    put(built, plugins, "everything", {"connections": ["everything", "sqlite"], "sinks": []})
    directory = job("work", {"10_ask.sql": "select something strange;"})
    done = vdk.run(
        "run", directory, "-c", "db_default_type=sqlite", cwd=directory, VDK_PLUGIN_PATH=plugins
    )
    assert done.returncode == 0, done.stderr


def test_plugins_that_require_each_other_in_a_circle_are_named(built, vdk, tmp_path, plugins):
    put(built, plugins, "one", {"requires": ["two"]}, module="debug")
    put(built, plugins, "two", {"requires": ["three"], "connections": []}, module="debug")
    put(built, plugins, "three", {"requires": ["one"], "connections": []}, module="debug")
    put(built, plugins, "four", {"requires": ["absent"], "connections": []}, module="debug")
    done = vdk.run("plugins", "--output", "json", cwd=tmp_path, VDK_PLUGIN_PATH=plugins)
    assert done.returncode == 0
    assert "one -> two -> three -> one" in done.stderr
    rows = json.loads(done.stdout)
    assert {row(rows, name)["state"] for name in ("one", "two", "three", "four")} == {"failed"}
    assert row(rows, "four")["cause"] == "it requires the plugin absent, which is not there"


def test_a_required_plugin_is_opened_first(built, vdk, job, plugins):
    put(built, plugins, "everything", {"requires": ["crashing"]})
    put(built, plugins, "crashing")
    directory = job("work", {"10_ask.sql": "select 1;"})
    done = vdk.run(
        "run", directory, "-c", "db_default_type=everything", "--events", "events",
        cwd=directory, VDK_PLUGIN_PATH=plugins,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in lines(directory / "events")]
    opened = [event["plugin"] for event in events if event["type"] == "plugin_opened"]
    assert opened == ["crashing", "everything"]


# ---- crashes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "number"),
    [
        ("null", signal.SIGSEGV),
        ("library", signal.SIGSEGV),
        ("overflow", signal.SIGSEGV),
        ("abort", signal.SIGABRT),
        ("thread", signal.SIGABRT),
    ],
)
def test_a_crash_names_the_plugin_and_the_run_counts_as_failed(built, vdk, job, how, number):
    directory = job("work", {"10_fall.crash": how + "\n"})
    done = vdk.run(
        "run",
        directory,
        cwd=directory,
        VDK_PLUGIN_PATH=built,
        VDK_TERMINATION_MESSAGE_WRITER_ENABLED="true",
        VDK_TERMINATION_MESSAGE_WRITER_OUTPUT_FILE=directory / "end.json",
    )
    assert done.returncode == -number
    assert f"The native plugin crashing 0.9 ({built}/vdk_crashing.so) crashed" in done.stderr
    assert json.loads((directory / "end.json").read_text())["status"] == "Platform error"


# ---- where plugins are looked for --------------------------------------------------------------


def environment_with(tmp_path, built, entry="everything = vdk_plugin_everything"):
    """A virtual environment in which a distribution brings the plugin along."""
    venv = tmp_path / "venv"
    shutil.rmtree(venv, ignore_errors=True)
    import subprocess
    import sys

    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    (site,) = venv.glob("lib/python3*/site-packages")
    info = site / "everything-1.2.3.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: everything\nVersion: 1.2.3\n")
    (info / "entry_points.txt").write_text(f"[vdk.plugin.native]\n{entry}\n")
    put(built, site / "vdk_plugin_everything", "everything")
    (site / "vdk_plugin_everything" / "__init__.py").write_text("raise SystemExit('imported')")
    return venv


def test_the_environments_distributions_name_plugins_without_being_imported(
    built, vdk, tmp_path, job
):
    venv = environment_with(tmp_path, built)
    rows = listed(vdk, tmp_path, VIRTUAL_ENV=venv)
    assert row(rows, "everything")["source"] == "environment"
    directory = job("work", {"10_ask.sql": "select 1;"})
    done = vdk.run(
        "run", directory, "-c", "db_default_type=everything", cwd=tmp_path, VIRTUAL_ENV=venv
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "entry", ["everything = ../../evil", "../everything = vdk_plugin_everything"]
)
def test_entry_points_do_not_lead_out_of_the_environment(built, vdk, tmp_path, entry):
    venv = environment_with(tmp_path, built, entry)
    rows = listed(vdk, tmp_path, VIRTUAL_ENV=venv)
    assert not [one for one in rows if one["name"] == "everything"]


def test_the_order_of_the_places(built, vdk, tmp_path, plugins):
    put(built, plugins, "everything", {"version": "1"})
    venv = environment_with(tmp_path, built)
    put(built, vdk.home / ".local" / "share" / "vdk" / "plugins", "everything", {"version": "3"})
    rows = listed(vdk, tmp_path, VIRTUAL_ENV=venv, VDK_PLUGIN_PATH=plugins)
    found = [(one["source"], one["state"]) for one in rows if one["name"] == "everything"]
    assert found == [
        ("VDK_PLUGIN_PATH", "not needed"),
        ("environment", "shadowed"),
        ("user", "shadowed"),
    ]


def test_what_is_changed_is_read_anew(built, vdk, tmp_path, plugins):
    put(built, plugins, "everything", {"version": "1"})
    assert row(listed(vdk, tmp_path, VDK_PLUGIN_PATH=plugins), "everything")["version"] == "1"
    put(built, plugins, "everything", {"version": "22"})
    assert row(listed(vdk, tmp_path, VDK_PLUGIN_PATH=plugins), "everything")["version"] == "22"
    (plugins / "vdk_everything.json").unlink()
    rows = listed(vdk, tmp_path, VDK_PLUGIN_PATH=plugins)
    assert not [one for one in rows if one["name"] == "everything"]


def test_a_damaged_cache_is_made_anew(vdk, tmp_path):
    before = listed(vdk, tmp_path)
    caches = list((vdk.home / ".local" / "state" / "vdk" / "cache").glob("plugins-*"))
    assert caches
    whole = [cache.read_bytes() for cache in caches]
    for cache, content in zip(caches, whole, strict=True):
        cache.write_bytes(content[: len(content) // 2])
    assert listed(vdk, tmp_path) == before
    assert [cache.read_bytes() for cache in caches] == whole


def test_python_distributions_are_listed_without_starting_python(built, vdk, tmp_path):
    venv = environment_with(tmp_path, built)
    (site,) = venv.glob("lib/python3*/site-packages")
    for name, version in (("vdk_mine", "4.5"), ("vdk_sqlite", "0.1.3")):
        info = site / f"{name}-{version}.dist-info"
        info.mkdir()
        (info / "entry_points.txt").write_text(f"[vdk.plugin.run]\n{name} = {name}_module\n")
    rows = listed(vdk, tmp_path, VIRTUAL_ENV=venv)
    mine = row(rows, "vdk-mine")
    assert (mine["kind"], mine["version"], mine["state"]) == ("python", "4.5", "not loaded")
    assert mine["contributions"] == ["vdk.plugin.run vdk_mine"]
    assert row(rows, "vdk-sqlite")["state"] == "shadowed"
    assert "native_engines = false" in row(rows, "vdk-sqlite")["cause"]
