"""A data job that a program runs itself, with plugins of its own."""

import json
import pathlib
import tempfile

from vdk import _native
from vdk.api.plugin.hook_markers import hookimpl
from vdk.internal.builtin_plugins.run.execution_results import ExecutionResult
from vdk.internal.builtin_plugins.run.job_context import JobContext

__all__ = ["DataJob", "ExecutionResult", "JobContext"]


class DataJob:
    """The job of a directory, or, without one, of the steps that plugins of the context's registry add."""

    def __init__(self, data_job_directory, core_context, name=None):
        if data_job_directory is None and name is None:
            raise ValueError("A data job needs data_job_directory or name; both are None.")
        self._directory = None if data_job_directory is None else pathlib.Path(data_job_directory)
        self._core_context = core_context
        self._name = name or self._directory.name

    @property
    def name(self):
        return self._name

    def run(self, args=None, template_name=None):
        """Runs it and returns its ExecutionResult. What it fails of is in there, and nothing is raised for it."""
        registry = self._core_context.plugin_registry
        results = _Result()
        registry.load_plugin_with_hooks_impl(results)
        try:
            if self._directory is not None:
                self._run(registry, self._directory, args)
            else:
                with tempfile.TemporaryDirectory() as folder:
                    directory = pathlib.Path(folder) / self._name
                    directory.mkdir()
                    self._run(registry, directory, args)
        finally:
            registry.plugin_manager().unregister(results)
        return results.last

    @staticmethod
    def _run(registry, directory, args):
        words = ["run", str(directory)]
        if args is not None:
            words += ["--arguments", json.dumps(args)]
        _native.main(words, registry=registry)


class _Result:
    """Keeps what run_job gives."""

    last = None

    @hookimpl(hookwrapper=True, tryfirst=True)
    def run_job(self, context):
        outcome = yield
        self.last = outcome.get_result()
