"""Steps of SQL, greenplum-query and ingestion, on a real server of PostgreSQL."""

from postgres_server import PostgresServer

REQUIRES = ["vdk-greenplum"]


def check(cell):
    cell.step("create table kept (a integer, b text)", "10_create.sql")
    cell.body(
        """
        for number in range(100):
            job_input.send_object_for_ingestion({"a": number, "b": "it's"}, "kept", method="GREENPLUM")
        """,
        "20_send.py",
    )
    cell.body("print(job_input.execute_query('select count(*), sum(a) from kept'))", "30_look.py")
    with PostgresServer() as server:
        place = {
            "VDK_DB_DEFAULT_TYPE": "GREENPLUM",
            "VDK_GREENPLUM_HOST": str(server.socket_directory),
            "VDK_GREENPLUM_PORT": str(server.port),
            "VDK_GREENPLUM_USER": server.user,
            "VDK_GREENPLUM_PASSWORD": server.password,
            "VDK_GREENPLUM_DBNAME": server.database,
        }
        assert cell.vdk(**place).succeeded().stdout == "[(100, 4950)]\n"
        assert server.sql("select count(distinct a), min(b) from kept") == "100|it's\n"
        asked = cell.vdk("greenplum-query", "-q", "select max(a) as most from kept", **place)
        assert "99" in asked.succeeded().stdout
