"""A job that stays open while a program of Python works with its job_input."""

import pytest

from .test_command_line import embedded

OBSERVER = """
import pathlib
from vdk.api.plugin.hook_markers import hookimpl
from vdk.internal.builtin_plugins.run.standalone_data_job import StandaloneDataJobFactory

class Observer:
    def __init__(self):
        self.seen = []

def observe(name, parameters):
    code = f"def {name}(self{''.join(', ' + p for p in parameters)}):\\n    self.seen.append({name!r})"
    scope = {}
    exec(code, scope)
    setattr(Observer, name, hookimpl(scope[name]))

for name, *parameters in [
    ["vdk_start", "plugin_registry", "command_line_args"], ["vdk_command_line", "root_command"],
    ["vdk_configure", "config_builder"], ["vdk_initialize", "context"], ["initialize_job", "context"],
    ["run_job", "context"], ["run_step", "context", "step"], ["finalize_job", "context"],
    ["vdk_exception", "exception"],
]:
    observe(name, parameters)

class Exit:
    @hookimpl
    def vdk_exit(self, context, exit_code):
        observer.seen.append(f"vdk_exit {exit_code}")

observer = Observer()
plugins = [observer, Exit()]
"""


def test_hooks_come_in_upstreams_order(stage):
    out = embedded(
        stage,
        OBSERVER
        + """
with StandaloneDataJobFactory.create(pathlib.Path("job"), job_args={"a": 1}, extra_plugins=plugins) as job_input:
    observer.seen.append("body")
    print(job_input.get_name(), job_input.get_arguments())
print(*observer.seen, sep="\\n")
""",
    )
    assert out.splitlines() == [
        "job {'a': 1}",
        "vdk_start",
        "vdk_configure",
        "vdk_initialize",
        "initialize_job",
        "run_job",
        "run_step",
        "body",
        "finalize_job",
        "vdk_exit 0",
    ]


def test_what_was_sent_is_committed_at_the_end(stage):
    embedded(
        stage,
        """
        from vdk.internal.builtin_plugins.run.standalone_data_job import StandaloneDataJob
        with StandaloneDataJob(None, name="mine") as job_input:
            for number in range(3):
                job_input.send_object_for_ingestion({"number": number}, "t")
        """,
    )
    assert stage.rows("select number from t order by 1") == [(0,), (1,), (2,)]


def test_an_exception_of_the_body_is_passed_on_and_told_to_the_plugins(stage):
    out = embedded(
        stage,
        OBSERVER
        + """
try:
    with StandaloneDataJobFactory.create(None, name="mine", extra_plugins=plugins):
        observer.seen.clear()
        raise ValueError("mine")
except ValueError as error:
    print(error)
print(*observer.seen, sep="\\n")
""",
    )
    assert out.splitlines() == ["mine", "vdk_exception", "vdk_exit 2"]


def test_a_job_that_cannot_be_opened_says_why(stage):
    out = embedded(
        stage,
        OBSERVER
        + """
class Fails:
    @hookimpl
    def initialize_job(self, context):
        raise RuntimeError("not today")
try:
    with StandaloneDataJobFactory.create(None, name="mine", extra_plugins=[*plugins, Fails()]):
        print("never here")
except RuntimeError as error:
    print(error)
print(observer.seen[-1])
""",
    )
    assert out.splitlines() == ["not today", "vdk_exit 2"]


@pytest.mark.parametrize("times", [3])
def test_it_may_be_opened_many_times(stage, times):
    out = embedded(
        stage,
        f"""
        from vdk.internal.builtin_plugins.run.standalone_data_job import StandaloneDataJob
        for number in range({times}):
            with StandaloneDataJob(None, name="mine") as job_input:
                print(job_input.execute_query("select 1"))
        """,
    )
    assert out == "[(1,)]\n" * times


def test_a_job_of_functions_runs_without_a_directory(stage):
    out = embedded(
        stage,
        """
        from vdk.plugin.test_utils.util_funcs import DataJobBuilder
        job = DataJobBuilder()
        def step(step, job_input):
            print(step.name, job_input.get_name())
            return True
        job.add_step_func(step)
        result = job.build().run()
        print(result.status.value, [each.name for each in result.steps_list])
        """,
    )
    assert out == "test test-job\nsuccess ['test']\n"
