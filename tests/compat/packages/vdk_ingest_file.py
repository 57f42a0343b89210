"""The ingest method `file`."""

import json

REQUIRES = ["vdk-ingest-file"]


def check(cell):
    cell.body("job_input.send_object_for_ingestion({'a': 1}, 't', method='file', target='out')")
    cell.vdk().succeeded()
    assert json.loads((cell.folder / "out.json").read_text()) == {"a": 1}
