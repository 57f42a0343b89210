"""Ends a job that does what is forbidden, and lets others be."""

REQUIRES = ["vdk-audit"]


def check(cell):
    cell.body("import os\nprint('before', flush=True)\nos.system('true')\nprint('behind')")
    forbidden = cell.vdk(
        VDK_FORBIDDEN_EVENTS_LIST="os.system", VDK_EXIT_ON_FORBIDDEN_EVENT="true", VDK_EXIT_CODE="7"
    )
    assert (forbidden.exit, forbidden.stdout) == (7, "before\n"), forbidden.stderr
    allowed = cell.vdk(VDK_AUDIT_HOOK_ENABLED="false").succeeded()
    assert allowed.stdout == "before\nbehind\n"
