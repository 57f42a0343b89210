"""A data job without steps, for notebooks and programs: `with create(…) as job_input`."""

import json
import pathlib

from vdk import _native
from vdk.api.data_job import IStandaloneDataJob


class NoOpStepDataJobHookImplPlugin:
    """Kept as a name: the one step of such a job is the program's own."""


class StandaloneDataJob(IStandaloneDataJob):
    """Opens the job with the plugins of the environment; its end commits what was sent and calls the hooks.

    Raises ValueError where neither a directory nor a name is given. An exception of the body is passed on.
    """

    def __init__(
        self,
        data_job_directory,
        name=None,
        job_args=None,
        extra_plugins=(),
        template_name=None,
    ):
        if data_job_directory is None and name is None:
            raise ValueError(
                "A standalone data job needs data_job_directory or name; both are None."
            )
        from vdk.host import plugins
        from vdk.internal.plugin.plugin import PluginRegistry

        registry = PluginRegistry()
        for plugin in extra_plugins:
            registry.load_plugin_with_hooks_impl(plugin)
        plugins.add_specs(registry)
        registry.load_plugins_from_setuptools_entrypoints()
        directory = (
            "" if data_job_directory is None else str(pathlib.Path(data_job_directory).resolve())
        )
        self._native = _native.StandaloneJob(
            registry,
            directory,
            name or pathlib.Path(directory).name,
            json.dumps(job_args) if job_args else "",
            template_name or "",
        )
        self._native.start()

    def __enter__(self):
        try:
            return self._native.open()
        except BaseException as error:
            self._native.close(error)
            raise

    def __exit__(self, exc_type, exc_value, exc_traceback):
        self._native.close(exc_value)


class StandaloneDataJobFactory:
    @staticmethod
    def create(data_job_directory, name=None, job_args=None, extra_plugins=(), template_name=None):
        return StandaloneDataJob(data_job_directory, name, job_args, extra_plugins, template_name)
