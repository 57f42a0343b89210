"""The thread dump of a running job, over HTTP."""

import socket

REQUIRES = ["vdk-jobs-troubleshooting"]


def check(cell):
    with socket.socket() as probe:
        probe.bind(("", 0))
        port = probe.getsockname()[1]
    cell.body(
        f"""
        import urllib.request
        with urllib.request.urlopen("http://localhost:{port}/threads", timeout=60) as answer:
            print("10_step.py" in answer.read().decode())
        """
    )
    ended = cell.vdk(
        VDK_TROUBLESHOOT_UTILITIES_TO_USE="thread-dump", VDK_TROUBLESHOOT_PORT_TO_USE=str(port)
    )
    assert ended.succeeded().stdout == "True\n"
