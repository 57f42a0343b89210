"""It is loaded, its options are known, and its connection type is there."""

REQUIRES = ["vdk-trino"]
FULL = True


def check(cell):
    assert "trino_host" in cell.vdk("config-help").succeeded().stdout
    cell.step("select 1", "10_ask.sql")
    ended = cell.vdk(VDK_DB_DEFAULT_TYPE="no-such-type")
    assert ended.exit == 1
    assert "trino" in ended.stderr.lower(), ended.stderr
