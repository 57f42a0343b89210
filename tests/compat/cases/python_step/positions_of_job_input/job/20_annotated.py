from __future__ import annotations

from observe import record
from vdk.api.job_input import IJobInput


def run(job_input: IJobInput) -> None:
    record("annotated", isinstance(job_input, IJobInput))
