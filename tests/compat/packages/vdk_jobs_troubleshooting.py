"""The thread dump of a running job, over HTTP."""

REQUIRES = ["vdk-jobs-troubleshooting"]


def check(cell):
    cell.body(
        """
        import urllib.request
        with urllib.request.urlopen("http://localhost:18783/threads", timeout=10) as answer:
            print("10_step.py" in answer.read().decode())
        """
    )
    ended = cell.vdk(
        VDK_TROUBLESHOOT_UTILITIES_TO_USE="thread-dump", VDK_TROUBLESHOOT_PORT_TO_USE="18783"
    )
    assert ended.succeeded().stdout == "True\n"
