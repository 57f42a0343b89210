"""Steps of SQL on the connection it registers; with a stub in the place of the driver's connect."""

from driver_stub import place_stub

REQUIRES = ["vdk-snowflake"]


def check(cell):
    place_stub(cell, "snowflake.connector.connect")
    cell.step("create table kept as select 21 as a", "10_create.sql")
    cell.body("print(job_input.execute_query('select 2 * a from kept'))", "20_look.py")
    place = {
        "VDK_DB_DEFAULT_TYPE": "SNOWFLAKE",
        "VDK_SNOWFLAKE_ACCOUNT": "an-account",
        "VDK_SNOWFLAKE_USER": "ada",
        "VDK_SNOWFLAKE_PASSWORD": "a secret",
        "VDK_SNOWFLAKE_DATABASE": "sales",
    }
    assert cell.vdk(**place).succeeded().stdout == "[(42,)]\n"
    arguments = (cell.folder / "arguments").read_text()
    assert "'account': 'an-account'" in arguments and "'database': 'sales'" in arguments
    assert cell.rows("kept.db", "select a from kept") == [(21,)]
    assert "snowflake-query" in cell.vdk("--help").succeeded().stdout
