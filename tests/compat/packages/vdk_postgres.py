"""Steps of SQL, postgres-query and ingestion on a real server; once more with the package's own connection."""

from postgres_server import PostgresServer

REQUIRES = ["vdk-postgres"]


def check(cell):
    cell.step("drop table if exists kept; create table kept (a integer, b text)", "10_create.sql")
    cell.body(
        """
        for number in range(100):
            job_input.send_object_for_ingestion({"a": number, "b": "it's"}, "kept", method="postgres")
        """,
        "20_send.py",
    )
    cell.body("print(job_input.execute_query('select count(*), sum(a) from kept'))", "30_look.py")
    with PostgresServer() as server:
        place = {
            "VDK_DB_DEFAULT_TYPE": "postgres",
            "VDK_POSTGRES_HOST": str(server.socket_directory),
            "VDK_POSTGRES_PORT": str(server.port),
            "VDK_POSTGRES_USER": server.user,
            "VDK_POSTGRES_PASSWORD": server.password,
            "VDK_POSTGRES_DBNAME": server.database,
        }
        for native in "true", "false":
            ended = cell.vdk(**place, VDK_NATIVE_ENGINES=native).succeeded()
            assert ended.stdout == "[(100, 4950)]\n"
            assert server.sql("select count(distinct a), min(b) from kept") == "100|it's\n"
            query = ("postgres-query", "-q", "select max(a) as most from kept")
            assert "99" in cell.vdk(*query, **place, VDK_NATIVE_ENGINES=native).succeeded().stdout
