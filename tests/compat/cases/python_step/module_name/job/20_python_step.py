import sys

from observe import record

record("name", __name__)


def run(job_input):
    record("function_module", run.__module__)
    record("in_sys_modules", __name__ in sys.modules)
    record("spec", __spec__.name)
