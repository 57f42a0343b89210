"""Queries, the command sqlite-query and ingestion into SQLite."""

REQUIRES = ["vdk-sqlite"]


def check(cell):
    cell.step("create table kept (a integer)", "10_create.sql")
    cell.body(
        """
        for number in range(100):
            job_input.send_object_for_ingestion({"a": number}, "kept", method="sqlite")
        """,
        "20_send.py",
    )
    cell.body("print(job_input.execute_query('select count(*), sum(a) from kept'))", "30_look.py")
    database = {"VDK_DB_DEFAULT_TYPE": "sqlite", "VDK_SQLITE_FILE": "kept.db"}
    ended = cell.vdk(**database).succeeded()
    assert "[(100, 4950)]" in ended.stdout
    asked = cell.vdk("sqlite-query", "-q", "select max(a) as most from kept", **database)
    assert "99" in asked.succeeded().stdout
