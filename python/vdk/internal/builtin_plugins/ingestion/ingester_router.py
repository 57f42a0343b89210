"""The registry of ingestion methods, `context.ingester` of a job."""

from vdk.host.job_registries import Ingester as IngesterRouter

__all__ = ["IngesterRouter"]
