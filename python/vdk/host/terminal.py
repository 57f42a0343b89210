"""Tells the live view of a run of what the steps print, so that no line of theirs shares one with it.

Seen are the streams of `sys`. Child processes and questions to the user are expected to print by
themselves: from their start the view draws no live line until the step ends. What native code prints
past Python is not seen.
"""

import io
import sys

from vdk import _native

_OTHERS_PRINT = {
    "builtins.breakpoint",
    "builtins.input",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.system",
    "subprocess.Popen",
}


class _Terminal(io.FileIO):
    def write(self, data):
        _native.make_way_on_terminal()
        try:
            return super().write(data)
        finally:
            _native.others_printed_on_terminal(bytes(data[-1:]) == b"\n")


def watch():
    """For the rest of the process."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and stream is getattr(sys, f"__{name}__") and stream.isatty():
            watched = _watched(stream)
            setattr(sys, name, watched)
            setattr(sys, f"__{name}__", watched)
    sys.addaudithook(_on_audit)


def flush():
    """What a step printed without a line end comes before the line that tells its end."""
    for stream in (sys.stdout, sys.stderr):
        raw = getattr(getattr(stream, "buffer", None), "raw", None)
        if isinstance(raw, _Terminal) and not raw.closed:
            stream.flush()


def _watched(stream):
    stream.flush()
    raw = _Terminal(stream.fileno(), "w", closefd=False)
    raw.name = stream.name
    unbuffered = isinstance(stream.buffer, io.RawIOBase)
    watched = io.TextIOWrapper(
        raw if unbuffered else io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors=stream.errors,
        newline="\n",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
    watched.mode = stream.mode
    return watched


def _on_audit(event, arguments):
    if event in _OTHERS_PRINT:
        _native.leave_terminal_to_others()
