"""A pre-processor that adds the id of the execution to every row."""

REQUIRES = ["vdk-gdp-execution-id"]


def check(cell):
    cell.body("job_input.send_object_for_ingestion({'a': 1}, 't', method='sqlite')")
    cell.vdk(
        VDK_INGEST_PAYLOAD_PREPROCESS_SEQUENCE="vdk-gdp-execution-id",
        VDK_EXECUTION_ID="my-execution",
        VDK_SQLITE_FILE="rows.db",
    ).succeeded()
    assert cell.rows("rows.db", "select a, vdk_gdp_execution_id from t") == [(1, "my-execution")]
