"""dlt into DuckDB: `dicts` or `arrow`."""

import os
import sys

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"

import dlt
from made import begin, flights_arrow, flights_dicts

rows = flights_dicts() if sys.argv[1] == "dicts" else flights_arrow()
begin()
pipeline = dlt.pipeline(
    "bench",
    pipelines_dir="pipelines",
    destination=dlt.destinations.duckdb("data.db"),
    dataset_name="bench",
    refresh="drop_sources",
)
pipeline.run(rows, table_name="t")
