"""Steps of SQL, and ingestion that makes and widens a table; with a stub in the place of the driver's connect."""

from driver_stub import place_stub

REQUIRES = ["vdk-oracle"]
# The parameters are numbered, and the catalogue has views.
IN_SQLITE = """
import re

COLUMNS = "select upper(c.name) as column_name, upper(c.type) as data_type, null as data_scale, upper(t.name) as table_name from sqlite_schema t, pragma_table_info(t.name) c"
TABLES = "select upper(name) as table_name from sqlite_schema where type = 'table'"

def in_sqlite(statement, parameters):
    statement = statement.replace("user_tab_columns", f"({COLUMNS})").replace("where rownum = 1", "")
    statement = statement.replace("user_tables", f"({TABLES})").replace(" FROM dual", "")
    statement = re.sub(r"(ALTER TABLE \\w+ ADD) \\((.*)\\)", r"\\1 COLUMN \\2", statement)
    return re.sub(r":\\d+", "?", statement), parameters
"""


def check(cell):
    place_stub(cell, "oracledb.connect", IN_SQLITE)
    cell.step("create table made as select 21 as a", "10_create.sql")
    cell.body(
        """
        job_input.send_object_for_ingestion({"a": 1, "b": "it's"}, "kept", method="oracle")
        """,
        "20_send.py",
    )
    cell.body(
        """
        for number in range(2, 251):
            job_input.send_object_for_ingestion({"a": number, "c": 1.5}, "kept", method="oracle")
        """,
        "30_widen.py",
    )
    cell.body("print(job_input.execute_query('select 2 * a from made'))", "40_look.py")
    place = {
        "VDK_DB_DEFAULT_TYPE": "oracle",
        "VDK_ORACLE_USER": "ada",
        "VDK_ORACLE_PASSWORD": "a secret",
        "VDK_ORACLE_CONNECTION_STRING": "db.example.org:1521/sales",
        "VDK_ORACLE_THICK_MODE": "false",
    }
    assert cell.vdk(**place).succeeded().stdout == "[(42,)]\n"
    query = "select count(*), count(distinct a), count(b), sum(c) from kept"
    assert cell.rows("kept.db", query) == [(250, 250, 1, 249 * 1.5)]
    assert "oracle-query" in cell.vdk("--help").succeeded().stdout
