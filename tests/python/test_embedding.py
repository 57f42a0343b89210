"""The program called from a Python process that is not its own: test runners and notebooks do that."""

import subprocess
import sys
import textwrap

from stage import PYTHON

from .conftest import PACKAGE


def embedded(stage, source):
    done = subprocess.run(
        [
            PYTHON,
            "-c",
            f"import sys; sys.path.insert(0, {str(PACKAGE)!r})\n" + textwrap.dedent(source),
        ],
        cwd=stage.root,
        env=stage.env,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_program_may_be_called_many_times_in_one_process(stage):
    stage.body("print('run', job_input.execute_query('select 1'))")
    out = embedded(
        stage,
        """
        from vdk import _native
        for _ in range(3):
            print(_native.main(["run", "job"]))
        print(_native.main(["run", "no-such-job"]))
        """,
    )
    assert out.splitlines() == ["run [(1,)]", "0"] * 3 + ["2"]


def test_output_goes_where_the_process_has_put_its_streams(stage):
    stage.body(
        """
        import threading
        job_input.send_object_for_ingestion({"a": 1}, "t")
        print("from the step")
        """
    )
    out = embedded(
        stage,
        """
        import contextlib, io
        from vdk import _native
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = _native.main(["run", "job"])
        print(code, out.getvalue().strip(), "Entering 10_step.py" in err.getvalue(), "it is created" in err.getvalue())
        """,
    )
    assert out == "0 from the step True True\n"


def test_records_reach_the_logging_of_the_process(stage):
    stage.body("import logging\nlogging.getLogger('mine').warning('my own')")
    out = embedded(
        stage,
        """
        import logging
        from vdk import _native
        class Keep(logging.Handler):
            def emit(self, record): print(record.name, record.getMessage())
        logging.root.addHandler(Keep())
        logging.root.setLevel(logging.INFO)
        _native.main(["run", "job"])
        """,
    )
    assert "vdk.job Entering 10_step.py#run(...) ...\n" in out
    assert out.count("mine my own\n") == 1
    assert "vdk.run Job execution result: SUCCESS" in out


def test_signal_handlers_of_the_process_stay(stage):
    stage.body("import signal\nprint(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)")
    out = embedded(stage, "from vdk import _native; _native.main(['run', 'job'])")
    assert out == "True\n"


def test_program_may_run_in_another_thread(stage):
    stage.body("print('ran')")
    out = embedded(
        stage,
        """
        import threading
        from vdk import _native
        codes = []
        thread = threading.Thread(target=lambda: codes.append(_native.main(["run", "job"])))
        thread.start()
        thread.join()
        print(codes)
        """,
    )
    assert out == "ran\n[0]\n"


def test_module_is_collected_without_leaks_being_reported(stage):
    stage.body("job_input.get_arguments()['me'] = job_input")
    done = subprocess.run(
        [
            PYTHON,
            "-c",
            f"import sys; sys.path.insert(0, {str(PACKAGE)!r}); from vdk import _native; _native.main(['run', 'job'])",
        ],
        cwd=stage.root,
        env=stage.env,
        capture_output=True,
        text=True,
    )
    assert "nanobind: leaked" not in done.stderr, done.stderr
    assert sys.version_info
