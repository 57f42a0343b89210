"""Kept as a place from which plugins import their interface."""

from vdk.api.plugin.plugin_input import IIngesterPlugin  # noqa: F401
