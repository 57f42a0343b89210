"""What a person sees who watches a run in a terminal."""

import json
import os
import pty
import re
import select
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
VDK = Path(os.environ.get("VDK_BIN", ROOT / "build" / "release" / "bin" / "vdk")).absolute()
PYTHON = os.environ.get("VDK_COMPAT_PYTHON", sys.executable)

LIVE_LINE = re.compile(rb"10_step[.]py +\d")


TIME_LIMIT_SECONDS = 60

# Each wait() is for a gate of its own: a file that the test makes.
STEP_THAT_WAITS = """
import itertools, os, sys, time

gates = itertools.count(1)

def wait():
    gate = f"{os.environ['GATE']}{next(gates)}"
    while not os.path.exists(gate):
        time.sleep(0.005)

"""


class Run:
    """A run of one step in a terminal, and the text that the terminal gets of it."""

    def __init__(self, root, body, *words, **env):
        self.gate = root / "gate"
        self.opened = 0
        job = root / "job"
        job.mkdir()
        source = STEP_THAT_WAITS
        lines = [f"    {line}" for line in body.strip().splitlines()]
        (job / "10_step.py").write_text(source + "\n".join(["def run(job_input):", *lines, ""]))
        self.bytes = b""
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.chdir(root)
            kept = {name: os.environ[name] for name in os.environ if name.endswith("SAN_OPTIONS")}
            fixed = {
                "PATH": "/usr/local/bin:/usr/bin:/bin",
                "HOME": str(root),
                "LANG": "C.UTF-8",
                "TERM": "xterm",
                "NO_COLOR": "1",
                "VDK_PYTHON": PYTHON,
                "GATE": str(self.gate),
            }
            os.execve(VDK, [str(VDK), "run", "job", *words], kept | fixed | env)

    def read(self):
        ready, _, _ = select.select([self.terminal], [], [], TIME_LIMIT_SECONDS)
        assert ready, f"nothing more came after:\n{self.bytes.decode()}"
        try:
            text = os.read(self.terminal, 65536)
        except OSError:  # Linux: the other end is closed
            text = b""
        self.bytes += text
        return bool(text)

    def open_gate_after(self, pattern):
        """Lets the step go on from its next wait() once the terminal got the pattern anew."""
        seen = len(self.bytes)
        while not re.search(pattern, self.bytes[seen:]):
            assert self.read(), self.bytes.decode()
        self.opened += 1
        Path(f"{self.gate}{self.opened}").touch()

    def screen(self, exit_code=0):
        """The lines that are on the screen when all is over."""
        while self.read():
            pass
        _, status = os.waitpid(self.process, 0)
        os.close(self.terminal)
        assert os.waitstatus_to_exitcode(status) == exit_code, self.bytes.decode()
        return shown(self.bytes.decode())


def shown(text):
    """What a terminal shows of the text: it may go back to a line's beginning and erase to its end."""
    lines = [[]]
    column = 0
    for part in re.findall(r"\r|\n|\x1b\[K|[^\r\n]", text):
        if part == "\r":
            column = 0
        elif part == "\n":
            lines.append([])
        elif part == "\x1b[K":
            del lines[-1][column:]
        else:
            lines[-1][column : column + 1] = [part]
            column += 1
    return ["".join(line).rstrip() for line in lines]


def between(screen):
    """The lines from the job's to the step's own."""
    assert screen[0].startswith("job "), screen
    (end,) = (i for i, line in enumerate(screen) if re.search(r"✓ 10_step[.]py +[\d.]+ m?s", line))
    assert screen[end + 1].startswith("SUCCESS in "), screen
    return screen[1:end]


def test_screen_that_the_tests_read_is_a_terminals():
    assert shown("one\r\ntwo\rTW\r\n..\r\x1b[Kthree\r\n") == ["one", "TWo", "three", ""]


def test_lines_of_a_step_do_not_share_a_line_with_the_live_one(tmp_path):
    run = Run(
        tmp_path,
        """
wait()
print("to standard output")
wait()
print("to standard error", file=sys.stderr)
wait()
sys.stdout.buffer.write(b"as bytes\\n")
sys.stdout.buffer.flush()
import logging
wait()
logging.getLogger("mine").warning("as a record")
wait()
""",
    )
    for _ in range(5):
        run.open_gate_after(LIVE_LINE)
    *lines, record = between(run.screen())
    assert lines == ["to standard output", "to standard error", "as bytes"]
    assert record.endswith("as a record")
    assert LIVE_LINE.search(record.encode()) is None


def test_line_that_a_step_has_begun_stays_until_it_ends_it(tmp_path):
    run = Run(
        tmp_path,
        """
wait()
print("half a line,", end="", flush=True)
wait()
print(" the other half")
wait()
print("without an end", end="")
""",
    )
    run.open_gate_after(LIVE_LINE)
    run.open_gate_after(b"half a line,")
    run.open_gate_after(LIVE_LINE)
    assert between(run.screen()) == ["half a line, the other half", "without an end"]


@pytest.mark.parametrize(
    "start",
    [
        "import subprocess; subprocess.run(command)",
        "os.waitpid(os.posix_spawnp(command[0], command, os.environ), 0)",
        "import shlex; os.system(shlex.join(command))",
        "if (child := os.fork()) == 0:\n    os.write(1, b'begun, ended\\n')\n    os._exit(0)\n"
        "os.waitpid(child, 0)",
    ],
    ids=["subprocess", "spawn", "shell", "fork"],
)
def test_child_process_has_the_terminal_to_itself(tmp_path, start):
    run = Run(
        tmp_path,
        f"wait()\ncommand = ['printf', 'begun,\\\\040ended\\\\n']\n{start}\nprint('after')",
    )
    run.open_gate_after(LIVE_LINE)
    assert between(run.screen()) == ["begun, ended", "after"]


def test_question_of_a_step_has_the_terminal_to_itself(tmp_path):
    run = Run(tmp_path, "wait()\nprint('got', input('name? '))")
    run.open_gate_after(LIVE_LINE)
    while not run.bytes.endswith(b"name? "):
        assert run.read()
    os.write(run.terminal, b"anna\n")
    assert between(run.screen()) == ["name? anna", "got anna"]


def test_events_on_standard_output_have_their_own_lines(tmp_path):
    run = Run(tmp_path, "wait()\nprint('said')", "--events", "-")
    run.open_gate_after(LIVE_LINE)
    screen = run.screen()
    events = [json.loads(line)["type"] for line in screen if line.startswith("{")]
    assert events == ["run_started", "step_started", "step_ended", "run_ended"]
    assert "said" in screen


def test_terminal_that_cannot_redraw_gets_plain_lines(tmp_path):
    run = Run(tmp_path, "print('said')", TERM="dumb")
    screen = run.screen()
    assert b"\x1b" not in run.bytes
    assert between(screen) == ["said"]


def test_failure_names_its_cause_its_place_and_what_did_not_run(tmp_path):
    run = Run(tmp_path, "wait()\nraise ValueError('too few rows')")
    for name in ("20_next.sql", "30_last.py"):
        (tmp_path / "job" / name).touch()
    run.open_gate_after(LIVE_LINE)
    screen = run.screen(exit_code=1)
    assert re.search(r"✗ 10_step[.]py +[\d.]+ m?s", screen[1])
    assert screen[2].startswith("ERROR in ")
    assert screen[3:] == [
        "ValueError: too few rows",
        f"  at 10_step.py:{STEP_THAT_WAITS.count(chr(10)) + 3} in run",
        "Not run: 20_next.sql, 30_last.py",
        "",
    ]


def test_streams_of_a_step_are_what_they_are_elsewhere(tmp_path):
    """A job finds the same kinds of objects as under a bare interpreter in a terminal."""
    probe = (
        "[(type(s).__name__, s.name, s.mode, s.encoding, s.errors, s.newlines, s.line_buffering, "
        "s.write_through, s.isatty(), s.fileno(), type(s.buffer).__name__) "
        "for s in (sys.stdout, sys.stderr)]"
    )
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(PYTHON, [PYTHON, "-c", f"import sys; print({probe})"], {"LANG": "C.UTF-8"})
    bare = os.read(terminal, 65536).decode().strip()
    os.waitpid(pid, 0)
    os.close(terminal)
    assert bare in between(Run(tmp_path, f"print({probe})").screen())
