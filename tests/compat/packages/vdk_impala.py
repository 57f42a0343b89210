"""Steps of SQL, the settings sent before each, and a failed one's error; with a stub in the place of the driver's connect."""

from driver_stub import place_stub

REQUIRES = ["vdk-impala"]
IN_SQLITE = """
def in_sqlite(statement, parameters):
    if statement.startswith("SET "):
        return "select 1", ()
    return statement, parameters
"""


def check(cell):
    place_stub(cell, "vdk.plugin.impala.impala_connection.impala_connect", IN_SQLITE)
    cell.step("create table if not exists kept as select 21 as a", "10_create.sql")
    cell.body("print(job_input.execute_query('select 2 * a from kept'))", "20_look.py")
    place = {
        "VDK_DB_DEFAULT_TYPE": "IMPALA",
        "VDK_IMPALA_HOST": "impala.example.org",
        "VDK_IMPALA_QUERY_POOL": "small",
        "VDK_IMPALA_RETRIES_ON_ERROR": "0",
    }
    assert cell.vdk(**place).succeeded().stdout == "[(42,)]\n"
    assert "'host': 'impala.example.org'" in (cell.folder / "arguments").read_text()
    statements = (cell.folder / "statements").read_text().splitlines()
    assert "SET SYNC_DDL=True" in statements and "SET REQUEST_POOL='small'" in statements
    assert cell.rows("kept.db", "select a from kept") == [(21,)]
    cell.step("selekt nothing", "30_wrong.sql")
    ended = cell.vdk(**place)
    assert ended.exit == 1 and "selekt" in ended.stderr, ended.stderr
    assert "impala-query" in cell.vdk("--help").succeeded().stdout
