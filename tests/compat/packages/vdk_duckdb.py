"""Steps of SQL, duckdb-query and ingestion; once more with the package's own connection."""

REQUIRES = ["vdk-duckdb"]


def check(cell):
    cell.step("create table kept (a integer, b varchar)", "10_create.sql")
    cell.body(
        """
        for number in range(100):
            job_input.send_object_for_ingestion({"a": number, "b": "it's"}, "kept", method="duckdb")
        """,
        "20_send.py",
    )
    cell.body("print(job_input.execute_query('select count(*), sum(a) from kept'))", "30_look.py")
    for native in "true", "false":
        place = {
            "VDK_DB_DEFAULT_TYPE": "DUCKDB",
            "VDK_DUCKDB_DATABASE": f"kept_{native}.db",
            "VDK_NATIVE_ENGINES": native,
        }
        assert cell.vdk(**place).succeeded().stdout == "[(100, 4950)]\n"
        asked = cell.vdk("duckdb-query", "-q", "select max(a) as most, min(b) from kept", **place)
        assert "99" in asked.succeeded().stdout and "it's" in asked.stdout
