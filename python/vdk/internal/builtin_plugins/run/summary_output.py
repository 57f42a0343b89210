"""The summary file of a run, as an object."""

import json
from types import SimpleNamespace


class JobSummaryParser:
    @staticmethod
    def from_json(text):
        """What the file says: `status`, `blamee`, `details`, and `steps` with the same of each."""
        return json.loads(text, object_hook=lambda members: SimpleNamespace(**members))

    @staticmethod
    def to_json(summary):
        return json.dumps(summary, default=vars)
