"""Python steps: what is run, how it is called, what it sees."""

import pytest


def test_step_gets_job_input_by_its_name(stage):
    stage.step("def run(*, job_input): print(job_input.get_name())")
    assert stage.run().succeeded().stdout == "job\n"


@pytest.mark.parametrize(
    "source",
    [
        "run = lambda job_input: print('ran')",
        "class Step:\n    def __call__(self, job_input): print('ran')\nrun = Step()",
        "class Step:\n    def start(self, job_input): print('ran')\nrun = Step().start",
        "import functools\ndef work(text, job_input): print(text)\nrun = functools.partial(work, 'ran')",
        "def run(job_input, /): print('ran')",
        "def run(first=1, job_input=None): print('ran')",
        "def run(*arguments): print('ran' if arguments[0].get_name() else '')",
        "from help import plain\n@plain\ndef run(job_input): print('ran')",
        "from help import wrapping\n@wrapping\ndef run(job_input): print('ran')",
        "async def run(job_input):\n    import asyncio\n    await asyncio.sleep(0)\n    print('ran')",
        "from help import plain\n@plain\nasync def run(job_input): print('ran')",
    ],
    ids=lambda source: source.splitlines()[0][:40],
)
def test_whatever_the_module_defines_as_run_is_the_step(stage, source):
    stage.step(
        """
        import functools
        def plain(function):
            def inner(*args, **kwargs): return function(*args, **kwargs)
            return inner
        def wrapping(function):
            @functools.wraps(function)
            def inner(*args, **kwargs): return function(*args, **kwargs)
            return inner
        """,
        "help.py",
        stage.job / "sub",
    )
    stage.step("import sys; sys.path.insert(0, __file__.rpartition('/')[0] + '/sub')", "05_path.py")
    stage.step(source)
    assert stage.run().succeeded().stdout == "ran\n"


@pytest.mark.parametrize(
    "source",
    [
        "from subprocess import run",
        "from helper.steps import run",
        "from helper.steps import main as run",
        "from helper.steps import partial as run",
        "run = 'no function'",
        "print('only top-level code')",
    ],
)
def test_an_imported_run_is_no_step_but_top_level_code_takes_effect(stage, source):
    stage.step(
        """
        import functools
        def run(job_input): print('imported run ran')
        def main(job_input): print('imported main ran')
        partial = functools.partial(print)
        """,
        "steps.py",
        stage.job / "helper",
    )
    if "partial" in source:
        source = "from helper.steps import partial\nfrom helper import steps\nsteps.run = partial\nrun = partial"
    stage.step("print('top level')\n" + source)
    ended = stage.run().succeeded()
    assert ended.stdout.startswith("top level\n")
    assert "ran" not in ended.stdout
    ended.says("10_step.py has no function run(job_input) of its own", "10_step.py - NOT_RUNNABLE")


@pytest.mark.parametrize(
    "source", ["def run(job_input): yield 1", "async def run(job_input): yield 1"]
)
def test_generator_as_run_is_a_user_error_that_names_the_file(stage, source):
    stage.step(source)
    ended = stage.run()
    ended.says("10_step.py has a generator as its run function", "Remove the yield")
    assert (ended.exit, ended.status) == (1, "User error")


def test_run_without_job_input_is_a_user_error_that_says_how_to_write_it(stage):
    stage.step("def run(): print('never')")
    ended = stage.run()
    ended.says("UserCodeError", "no parameter called job_input", "def run(job_input):")
    assert (ended.exit, ended.status, ended.stdout) == (1, "User error", "")


def test_job_directory_is_first_on_the_path_while_the_step_runs_and_gone_afterwards(stage):
    stage.step(
        "import sys\nfrom shared import value\ndef run(job_input): print(sys.path[0] == str(job_input.get_job_directory()), value)"
    )
    stage.step("value = 42", "shared.py")
    stage.step(
        "import sys\ndef run(job_input): print(sys.path.count(str(job_input.get_job_directory())))",
        "20_next.py",
    )
    assert stage.run("run", "job", "--only-step", "10_step.py").succeeded().stdout == "True 42\n"
    assert stage.run("run", "job", "--only-step", "20_next.py").succeeded().stdout == "1\n"


def test_module_of_a_step_has_upstreams_name_and_is_not_in_sys_modules(stage):
    stage.step(
        """
        import sys
        def run(job_input):
            print(__name__, __name__ in sys.modules, __spec__.name == __name__, __spec__.origin == __file__, type(__loader__).__name__)
        """,
        "20_python_step.py",
    )
    assert stage.run().succeeded().stdout == "step_20_python_ste False True True SourceFileLoader\n"


def test_every_step_gets_the_same_job_input_and_may_replace_its_methods(stage):
    stage.body("job_input.execute_query = lambda sql, **more: print('replaced', sql.strip())")
    (stage.job / "20_query.sql").write_text("SELECT 1")
    assert stage.run().succeeded().stdout == "replaced SELECT 1\n"


def test_source_may_declare_its_encoding(stage):
    source = "# -*- coding: latin-1 -*-\ndef run(job_input): print(ascii('caf\xe9'))\n"
    (stage.job / "10_step.py").write_bytes(source.encode("latin-1"))
    (stage.job / "20_step.py").write_bytes(
        b"\xef\xbb\xbfdef run(job_input): print('behind a mark')\n"
    )
    assert stage.run().succeeded().stdout == "'caf\\xe9'\nbehind a mark\n"


def test_check_finds_syntax_errors_and_files_without_run(stage):
    stage.step("def run(job_input:\n    pass", "10_bad.py").step("x = 1", "20_helper.py").body(
        "pass", "30_good.py"
    )
    ended = stage.run("run", "--check", "job")
    assert ended.exit == 1
    assert "SyntaxError" in ended.stdout
    assert "It has no function run(job_input)" in ended.stdout


def test_byte_code_of_steps_is_cached_where_python_itself_would(stage):
    stage.body("pass")
    stage.run().succeeded()
    assert (stage.job / "__pycache__").exists()
    fresh = stage.root / "fresh"
    stage.job.rename(fresh)
    (fresh / "__pycache__").rename(stage.root / "old")
    stage.run("run", "fresh", PYTHONDONTWRITEBYTECODE="1")
    assert not (fresh / "__pycache__").exists()
