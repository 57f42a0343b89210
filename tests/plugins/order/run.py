"""Runs one arrangement under a program, and gives the trace of the calls."""

import json
import subprocess
import textwrap

from .arrangements import modules

PRELUDE = """
import json, os
from vdk.api.plugin.hook_markers import hookimpl

def note(*seen):
    with open(os.environ["NOTES"], "a") as file:
        file.write(json.dumps(seen) + "\\n")
"""

QUERY = "def run(job_input):\n    job_input.execute_query('select 1')\n"
NOTHING = "def run(job_input):\n    pass\n"


def trace(root, command, env, hook, implementations):
    site = root / "site"
    info = site / "arranged-1.0.dist-info"
    info.mkdir(parents=True)
    (root / "job").mkdir()
    needs_query = hook.startswith("db_connection")
    (root / "job" / "10_step.py").write_text(QUERY if needs_query else NOTHING)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: arranged\nVersion: 1.0\n")
    points = "[vdk.plugin.run]\n"
    for name, source in modules(hook, implementations).items():
        (site / f"arranged_{name}.py").write_text(PRELUDE + textwrap.dedent(source))
        points += f"{name} = arranged_{name}\n"
    (info / "entry_points.txt").write_text(points)
    notes = root / "notes"
    done = subprocess.run(
        [*command, "run", "job"],
        cwd=root,
        env=env | {"PYTHONPATH": str(site), "NOTES": str(notes)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    seen = [json.loads(line) for line in notes.read_text().splitlines()] if notes.exists() else []
    return {"exit": done.returncode, "trace": seen}, done.stderr
