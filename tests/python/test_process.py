"""Signals, forks, streams, logging and the cost of the start."""

import json
import signal
import subprocess
from pathlib import Path

import pytest
from stage import PYTHON

from .conftest import PACKAGE


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGTERM, 143), (signal.SIGINT, 130)],
    ids=["terminate", "interrupt"],
)
@pytest.mark.parametrize(
    "block",
    [
        "import time; time.sleep(60)",
        "while True: pass",
        "import threading; threading.Event().wait(60)",
        "import asyncio; asyncio.run(asyncio.sleep(60))",
        "import subprocess; subprocess.run(['sleep', '60'])",
        "job_input.execute_query('with recursive n(i) as (select 0 union all select i + 1 from n) select count(*) from n')",
    ],
    ids=["sleep", "loop", "lock", "asyncio", "child", "query"],
)
def test_signal_ends_a_step_that_blocks_and_the_termination_file_tells(stage, number, code, block):
    stage.body(
        f"job_input.send_object_for_ingestion({{'a': 1}}, 't')\nprint('ready', flush=True)\n{block}"
    )
    stage.body("print('never')", "20_next.py")
    ended = stage.interrupt_once_it_says("ready", number, VDK_CANCEL_GRACE_SECONDS="30")
    assert ended.exit == code
    assert ended.status not in (None, "Success")
    assert "never" not in ended.stdout
    assert stage.rows("select a from t") == [(1,)]


def test_step_that_swallows_the_signal_is_ended_after_the_grace_period(stage):
    stage.body(
        "print('ready', flush=True)\nwhile True:\n    try:\n        while True: pass\n    except BaseException: pass"
    )
    ended = stage.interrupt_once_it_says("ready", VDK_CANCEL_GRACE_SECONDS="1")
    assert ended.exit == 143
    assert ended.status not in (None, "Success")


def test_forked_child_cannot_send_and_does_not_go_on_with_the_run(stage):
    stage.body(
        """
        import os, sys
        child = os.fork()
        if child == 0:
            try:
                job_input.send_object_for_ingestion({"a": "child"}, "t")
            except Exception as error:
                print(type(error).__name__, flush=True)
            sys.exit(7)
        _, status = os.waitpid(child, 0)
        job_input.send_object_for_ingestion({"a": "parent"}, "t")
        print("child ended with", os.waitstatus_to_exitcode(status))
        """
    )
    stage.body("print('next step')", "20_next.py")
    ended = stage.run().succeeded()
    assert ended.stdout == "UserCodeError\nchild ended with 7\nnext step\n"
    assert stage.rows("select a from t") == [("parent",)]


def test_child_that_returns_from_the_step_does_not_run_the_next_one(stage):
    stage.body("import os\nif os.fork():\n    os.wait()")
    stage.body("print('next step')", "20_next.py")
    assert stage.run().succeeded().stdout == "next step\n"


def test_forked_worker_dies_of_a_signal_like_any_process(stage):
    stage.body(
        """
        import multiprocessing, time
        worker = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
        worker.start()
        worker.terminate()
        worker.join()
        print(worker.exitcode)
        """
    )
    assert stage.run().succeeded().stdout == "-15\n"


def test_process_pool_works(stage):
    stage.step(
        """
        import multiprocessing
        def square(x): return x * x
        def run(job_input):
            with multiprocessing.get_context("fork").Pool(2) as pool:
                print(sum(pool.map(abs, range(-10, 0))))
        """
    )
    assert stage.run().succeeded().stdout == "55\n"


def test_output_of_steps_and_of_the_program_keep_their_order(stage):
    stage.body("import sys\nsys.stdout.write('out ')\nsys.stderr.write('err\\n')\nprint('end')")
    ended = stage.run().succeeded()
    assert ended.stdout == "out end\n"
    assert (
        ended.stderr.index("Entering 10_step.py")
        < ended.stderr.index("err\n")
        < ended.stderr.index("Exiting  10_step.py")
    )


def test_records_of_the_jobs_loggers_look_like_the_programs(stage):
    stage.step(
        """
        import logging
        log = logging.getLogger(__name__)
        log.info("at the top level")
        def run(job_input):
            log.warning("in %s", "run")
            log.debug("not shown")
            try:
                1 / 0
            except ZeroDivisionError:
                log.exception("with its trace")
        """,
        "10_load.py",
    )
    ended = stage.run().succeeded()
    line = next(line for line in ended.stderr.splitlines() if line.endswith("at the top level"))
    assert "[VDK] job [INFO ] step_10_load" in line
    assert "10_load.py:4" in line
    ended.says(
        "[WARNI] step_10_load",
        "- in run",
        "with its trace\nTraceback",
        "ZeroDivisionError: division by zero",
    )
    assert "not shown" not in ended.stderr


def test_verbosity_is_the_level_of_the_jobs_loggers(stage):
    stage.body("import logging\nlogging.getLogger('mine').debug('a detail')")
    ended = stage.run("-v", "DEBUG", "run", "job").succeeded()
    ended.says("a detail")


def test_json_log_holds_the_jobs_records(stage):
    stage.body("import logging\nlogging.getLogger('mine').warning('watch out')")
    ended = stage.run(VDK_LOG_FORMAT="json").succeeded()
    records = [json.loads(line) for line in ended.stderr.splitlines() if line.startswith("{")]
    assert [r["message"] for r in records if r["logger"] == "mine"] == ["watch out"]


def test_handlers_of_the_job_see_the_programs_records_too(stage):
    stage.step(
        """
        import logging
        handler = logging.FileHandler("job.log")
        handler.setFormatter(logging.Formatter("%(name)s %(levelname)s %(filename)s %(message)s"))
        logging.getLogger().addHandler(handler)
        def run(job_input):
            job_input.send_object_for_ingestion({"a": 1}, "t")
            logging.getLogger("mine").warning("my own")
            job_input.execute_query("select 1")
        """
    )
    stage.body("pass", "20_next.py")
    ended = stage.run().succeeded()
    written = (stage.root / "job.log").read_text()
    assert "vdk.connection INFO managed_operation.cpp Executing query SUCCEEDED" in written
    assert "vdk.job INFO job_runner.cpp Entering 20_next.py#run(...) ..." in written
    assert written.count("mine WARNING 10_step.py my own") == 1
    assert ended.stderr.count("Entering 20_next.py") == 1
    assert ended.stderr.count("my own") == 1


@pytest.mark.parametrize(
    "change",
    [
        "logging.getLogger().handlers[0].setFormatter(logging.Formatter('mine: %(funcName)s %(message)s'))",
        "logging.basicConfig(force=True, format='mine: %(funcName)s %(message)s')",
    ],
    ids=["formatter", "handler"],
)
def test_what_takes_the_place_of_the_programs_handler_prints_every_record_once(stage, change):
    stage.step(
        f"""
        import logging
        {change}
        def run(job_input):
            logging.warning("my own")
        """
    )
    stage.body("job_input.execute_query('select 1')", "20_next.py")
    lines = stage.run().succeeded().stderr.splitlines()
    place = lines.index("mine: run my own")
    assert "mine: run_step Entering 20_next.py#run(...) ..." in lines[place:]
    assert "mine: log_result Job execution result: SUCCESS" in lines[place:]
    for once in "my own", "Entering 20_next.py", "Job execution result":
        assert len([line for line in lines if once in line]) == 1


def test_a_formatter_gets_no_secrets(stage):
    stage.step(
        """
        import json, logging
        class Json(logging.Formatter):
            def format(self, record):
                return json.dumps(record.getMessage())
        logging.getLogger().handlers[0].setFormatter(Json())
        def run(job_input):
            job_input.set_all_secrets({"pin": 'a "quoted" secret'})
            pin = job_input.get_secret("pin")
            logging.warning("the pin is %s", pin)
        """
    )
    ended = stage.run().succeeded()
    assert '"the pin is ***"' in ended.stderr
    assert "quoted" not in ended.stderr


def test_records_of_a_long_statement_reach_handlers_while_it_runs(stage):
    stage.step(
        """
        import logging, threading
        logging.seen = threading.Event()  # where the next step finds it
        class Sees(logging.Handler):
            def emit(self, record):
                if "does not exist; it is created" in record.getMessage():
                    logging.seen.set()
        logging.basicConfig(force=True, handlers=[Sees()])
        def run(job_input):
            pass
        """
    )
    stage.step(
        """
        import logging
        def run(job_input):
            def rows():
                for number in range(100_000):
                    yield [number]
                print("seen", logging.seen.wait(30))
            job_input.send_tabular_data_for_ingestion(rows(), ["a"], "t")
        """,
        "20_send.py",
    )
    ended = stage.run(VDK_INGEST_BATCH_BYTES="10000", VDK_INGEST_COMMIT_BYTES="1").succeeded()
    assert ended.stdout == "seen True\n"


def test_job_that_imports_no_logging_does_not_get_it_imported(stage):
    stage.step(
        """
        from vdk.api.job_input import IJobInput
        import sys
        def run(job_input: IJobInput):
            costly = {"logging", "typing", "json", "inspect", "pathlib", "enum", "re", "dataclasses", "datetime", "traceback"}
            print(sorted(costly & set(sys.modules)))
        """
    )
    assert stage.run().succeeded().stdout == "[]\n"


def test_interface_of_job_input_imports_nothing_of_the_standard_library():
    code = (
        f"import sys; sys.path.insert(0, {str(PACKAGE)!r}); before = set(sys.modules);"
        "from vdk.api.job_input import IJobInput; print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([PYTHON, "-S", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['vdk', 'vdk.api', 'vdk.api.job_input']\n"


def test_namespace_stays_open_for_plugins():
    for folder in ("vdk", "vdk/api", "vdk/internal", "vdk/plugin"):
        assert not Path(PACKAGE, folder, "__init__.py").exists()


def interpreters():
    found = {}
    for python in [
        *sorted(Path.home().glob(".pyenv/versions/3.*/bin/python3")),
        Path("/usr/bin/python3"),
    ]:
        facts = "import sys, importlib.machinery as m; print(*sys.version_info[:2], *m.EXTENSION_SUFFIXES)"
        done = subprocess.run([python, "-c", facts], capture_output=True, text=True)
        if done.returncode == 0:
            major, minor, *suffixes = done.stdout.split()
            found.setdefault((int(major), int(minor)), (str(python), suffixes))
    return found


BUILT = {path.name for path in (PACKAGE / "vdk").glob("_native*.so")}


@pytest.mark.parametrize(
    "version", [(3, 10), (3, 11), (3, 12), (3, 13), (3, 14)], ids=lambda v: f"{v[0]}.{v[1]}"
)
def test_interpreter_runs_a_job(stage, version):
    python, suffixes = interpreters().get(version, (None, []))
    if not python:
        pytest.skip(f"there is no Python {version[0]}.{version[1]} here")
    if not {f"_native{suffix}" for suffix in suffixes} & BUILT:
        pytest.skip(f"vdk was not built for Python {version[0]}.{version[1]}")
    stage.body(
        """
        import sys, datetime
        job_input.send_tabular_data_for_ingestion([(1, datetime.date(2024, 2, 29), [1])], ["a", "b", "c"], "t")
        print(*sys.version_info[:2], job_input.execute_query("select 1"))
        """
    )
    assert stage.run(VDK_PYTHON=python).succeeded().stdout == f"{version[0]} {version[1]} [(1,)]\n"
    assert stage.rows("select a, b, c from t") == [(1, "2024-02-29", "[1]")]


def test_interpreter_that_vdk_was_not_built_for_is_refused_with_the_remedy(stage):
    old = {version: python for version, (python, _) in interpreters().items() if version < (3, 10)}
    if not old:
        pytest.skip("there is no interpreter here that is too old")
    stage.body("print('never')")
    ended = stage.run(VDK_PYTHON=old[max(old)])
    ended.says("it has no extension module for this interpreter", "Set VDK_PYTHON")
    assert (ended.exit, ended.stdout) == (1, "")
    assert "Traceback" not in ended.stderr
