"""Kept as a place from which plugins import the class."""

from vdk.host.job_input import JobInput  # noqa: F401
