"""ingest-csv and export-csv, which run a job that the package brings."""

REQUIRES = ["vdk-csv", "vdk-sqlite"]


def check(cell):
    cell.file("people.csv", "name,age\nAda,36.5\nGrace,\n")
    database = {"VDK_DB_DEFAULT_TYPE": "sqlite", "VDK_SQLITE_FILE": "people.db"}
    method = {**database, "VDK_INGEST_METHOD_DEFAULT": "sqlite"}
    cell.vdk("ingest-csv", "-f", "people.csv", "-t", "people", **method).succeeded()
    assert cell.rows("people.db", "select name, age from people order by name") == [
        ("Ada", 36.5),
        ("Grace", None),
    ]
    query = "select name, age from people order by name"
    cell.vdk("export-csv", "-q", query, "-f", "out.csv", **database).succeeded()
    assert (cell.folder / "out.csv").read_text() == "Ada,36.5\nGrace,\n"
