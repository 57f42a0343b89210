"""Frames and single rows, whichever way they take through the host, are the same rows."""

import subprocess

import pytest
from stage import PYTHON

FRAME = """
    import datetime, decimal
    import numpy as np, pandas as pd
    frame = pd.DataFrame({
        "whole": [1, -2, 3],
        "small": np.array([1, 2, 3], "int8"),
        "real": [1.5, float("nan"), -0.0],
        "single": np.array([1.5, 2.5, 3.5], "float32"),
        "flag": [True, False, True],
        "text": ["x", None, "é"],
        "maybe": pd.array([1, None, 3], "Int64"),
        "large": np.array([1, 2**63, 2], "uint64"),
        "kind": pd.Categorical(["a", "b", None]),
        "moment": pd.to_datetime(["2024-02-29 01:02:03.000004", None, "1969-12-31 23:59:59.5"]),
        "fine": pd.to_datetime(["2024-02-29 01:02:03.000004005"] * 3).astype("datetime64[ns]"),
        "zoned": pd.to_datetime(["2024-02-29 12:00", None, "2024-07-01 00:00"]).tz_localize("Europe/Sofia"),
        "objects": pd.Series(["a", None, "b"], dtype=object),
        "numbers": pd.Series([1, None, 2], dtype=object),
    })
    other = pd.DataFrame({
        "mixed": [1, "a", None],
        "money": [decimal.Decimal("1.50"), decimal.Decimal("2.250"), None],
        "born": [datetime.date(2024, 2, 29), None, None],
        "nested": [[1], {"a": 2}, None],
        "after": pd.to_timedelta([1, 2, 3], "s").astype(str),
    }, index=[7, 8, 9])
"""

SEND = """
    job_input.send_object_for_ingestion(frame, "frames")
    job_input.send_tabular_data_for_ingestion(frame[["whole", "text"]], ["number", "name"], "renamed")
    job_input.send_object_for_ingestion(other, "others")
    job_input.send_object_for_ingestion(frame.iloc[:0], "empty")
"""

SHOW = """
    for table in ("frames", "renamed", "others"):
        cursor = job_input.get_managed_connection().cursor()
        cursor.execute(f"select * from {table} limit 0")
        types = [(column[0], str(column[1])) for column in cursor.description]
        print(table, types)
        cursor.execute(f"select {', '.join(f'cast({name} as varchar)' for name, _ in types)} from {table}")
        for row in cursor.fetchall():
            print(table, [None if value is None else repr(value) for value in row])
"""


def has(module):
    return subprocess.run([PYTHON, "-c", f"import {module}"], capture_output=True).returncode == 0


@pytest.mark.skipif(not (has("pandas") and has("pyarrow")), reason="no pandas with pyarrow")
@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
def test_frames_are_the_same_rows_with_and_without_pyarrow(stage, engine):
    if engine == "duckdb" and not has("duckdb"):
        pytest.skip(f"{PYTHON} lacks duckdb")
    without = stage.root / "without"
    without.mkdir()
    (without / "pyarrow.py").write_text("raise ImportError('there is none')")
    said = []
    for path in (str(without), ""):
        stage.body(FRAME + SEND, "10_send.py")
        stage.body(SHOW, "20_show.py")
        ended = stage.run(
            PYTHONPATH=path,
            VDK_DB_DEFAULT_TYPE=engine,
            VDK_INGEST_METHOD_DEFAULT=engine,
            VDK_DUCKDB_DATABASE=f"{stage.root}/{len(said)}.duckdb",
            VDK_SQLITE_FILE=f"{stage.root}/{len(said)}.sqlite",
        )
        said.append(ended.succeeded().stdout.splitlines())
    by_rows, by_arrow = said
    assert by_rows == by_arrow
    assert len(by_rows) == 3 * 4
    assert "('number'" in by_rows[4]


@pytest.mark.skipif(not has("polars"), reason="no polars")
def test_a_polars_frame_arrives(stage):
    stage.body(
        """
        import polars
        frame = polars.DataFrame({"number": [1, None, 3], "text": ["a", "b", None]})
        job_input.send_object_for_ingestion(frame, "t")
        job_input.send_tabular_data_for_ingestion(frame, ["n", "name"], "renamed")
        """
    )
    stage.run().succeeded()
    assert stage.rows("select number, text from t") == [(1, "a"), (None, "b"), (3, None)]
    assert stage.rows("select n, name from renamed") == [(1, "a"), (None, "b"), (3, None)]


def test_rows_of_all_kinds_keep_their_order(stage):
    stage.body(
        """
        import datetime
        class Text(str): pass
        kinds = [1, 2.5, "a", None, True, 2**70, Text("t"), datetime.date(2024, 2, 29), [1], b"x", float("nan")]
        for i in range(5000):
            job_input.send_object_for_ingestion({"i": i, "value": kinds[i % len(kinds)], Text("k"): 1}, "odd")
            job_input.send_object_for_ingestion({"i": i, "value": kinds[i % 4]}, "plain")
            job_input.send_object_for_ingestion({"i": i}, "odd", collection_id=f"c{i // 100}")
        """
    )
    stage.run(VDK_INGEST_BATCH_BYTES="10000").succeeded()
    assert stage.rows("select i from plain") == [(i,) for i in range(5000)]
    assert stage.rows("select i, k from odd") == [
        row for i in range(5000) for row in ((i, 1), (i, None))
    ]
    assert stage.rows("select distinct value from plain where i % 4 = 2") == [("a",)]


def test_objects_that_wait_for_their_commit_are_stored_one_by_one(stage):
    stage.body(
        """
        import sqlite3, os
        for i in range(5):
            job_input.send_object_for_ingestion({"i": i}, "t")
            with sqlite3.connect(os.environ["VDK_SQLITE_FILE"]) as other:
                print(other.execute("select count(*) from t").fetchone()[0])
        """
    )
    ended = stage.run(
        VDK_INGESTER_WAIT_TO_FINISH_AFTER_EVERY_SEND="true",
        VDK_SQLITE_FILE=str(stage.root / "own.sqlite"),
    )
    assert ended.succeeded().stdout.split() == ["1", "2", "3", "4", "5"]
