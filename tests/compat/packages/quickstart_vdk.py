"""The whole bundle; and where the control CLI lacks the module that one of its plugins imports, all but that one."""

REQUIRES = ["quickstart-vdk", "vdk-control-cli>=1.3.1711238791"]


def ingests(cell, database):
    cell.vdk(VDK_SQLITE_FILE=database, VDK_DB_DEFAULT_TYPE="sqlite").succeeded()
    assert cell.rows(database, "select a from t") == [(1,)]


def check(cell):
    cell.body("job_input.send_object_for_ingestion({'a': 1}, 't', method='sqlite')")
    shown = cell.vdk("version").succeeded()
    assert "Traceback" not in shown.stderr and "is not loaded" not in shown.stderr
    assert "create" in cell.vdk("--help").succeeded().stdout
    ingests(cell, "whole.db")

    # The program's own client of the Control Service counts, not upstream's.
    assert "Let the schedule rest" in cell.vdk("deploy", "--help").succeeded().stdout

    # What pip resolved for a while, and upstream's `vdk version` ended with.
    (module,) = cell.prefix.glob(
        "lib/*/site-packages/vdk/internal/control/command_groups/job/secrets.py"
    )
    module.unlink()
    shown = cell.vdk("version").succeeded()
    (complaint,) = [line for line in shown.stderr.splitlines() if "is not loaded" in line]
    assert "vdk-plugin-control-cli" in complaint
    assert "vdk.internal.control.command_groups.job.secrets" in complaint
    assert "pip uninstall vdk-plugin-control-cli" in complaint
    ingests(cell, "rest.db")
    assert {line.partition(": ")[2] for line in cell.not_loaded} == {complaint.partition(": ")[2]}
    cell.not_loaded.clear()
