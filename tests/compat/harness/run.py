"""One run of one case: set the stage, start the program, gather what it left behind."""

import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
from pathlib import Path

from .case import RECORD, SETTINGS, TOP, Case
from .subject import Subject

TIME_LIMIT_SECONDS = 60


def run(case: Case, subject: Subject) -> tuple[dict, str]:
    """The outcome of the case under `subject`, and its standard error for the reader."""
    with tempfile.TemporaryDirectory(prefix="vdk-compat-", dir=_memory()) as stage:
        work, out = Path(stage, "work"), Path(stage, "out")
        for folder in (out, Path(stage, "home"), Path(stage, "tmp")):
            folder.mkdir()
        shutil.copytree(
            case.folder,
            work,
            symlinks=True,
            ignore=shutil.ignore_patterns(SETTINGS, RECORD, "__pycache__"),
        )
        _make(case, work)
        places = {"{work}": str(work), "{out}": str(out), "{stage}": stage}
        settings = {**places, "{steps}": str(TOP / "steps")}
        command = [str(subject.program)] + [_filled(word, settings) for word in case.command]
        done = subprocess.run(
            command,
            cwd=work,
            env=_environment(case, subject, settings),
            timeout=TIME_LIMIT_SECONDS,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        stderr = done.stderr.decode("utf-8", "replace")
        outcome = {
            # A shell's view: death by signal n is 128 + n.
            "exit": done.returncode if done.returncode >= 0 else 128 - done.returncode,
            "termination": _termination(out / "termination.json"),
            **_summary(out / "summary.json", case.summary),
            "observed": _observed(out / "observed.jsonl"),
            "databases": _databases(out, subject),
        }
        if case.stdout:
            outcome["stdout"] = _stdout(done.stdout.decode("utf-8", "replace"), case, subject)
        if case.files:
            outcome["files"] = {name: _text(work / name) for name in case.files}
        if case.stderr:
            outcome["stderr"] = {words: words in stderr for words in case.stderr}
        for name in case.ignore:
            del outcome[name]
        return _placeless(outcome, places), stderr


def _memory() -> str | None:
    """A folder in memory where there is one: upstream syncs every single row it ingests."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _make(case: Case, work: Path) -> None:
    """What version control does not keep: empty folders, odd bytes, absent permissions."""
    for name, content in case.make.items():
        path = work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content == "@directory":
            path.mkdir()
        elif content == "@empty":
            path.write_bytes(b"")
        elif str(content).startswith("@hex:"):
            path.write_bytes(bytes.fromhex(str(content).removeprefix("@hex:")))
        elif str(content).startswith("@link:"):
            path.symlink_to(str(content).removeprefix("@link:"))
        else:
            path.write_text(str(content), encoding="utf-8")


def _environment(case: Case, subject: Subject, places: dict[str, str]) -> dict[str, str]:
    env = {
        "PATH": os.pathsep.join([str(subject.python.parent), "/usr/local/bin", "/usr/bin", "/bin"]),
        "HOME": "{stage}/home",
        "TMPDIR": "{stage}/tmp",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONPATH": "{steps}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "COMPAT_OBSERVED": "{out}/observed.jsonl",
        "VDK_TERMINATION_MESSAGE_WRITER_OUTPUT_FILE": "{out}/termination.json",
        "VDK_JOB_RUN_SUMMARY_FILE_PATH": "{out}/summary.json",
        "VDK_DB_DEFAULT_TYPE": "sqlite",
        "VDK_INGEST_METHOD_DEFAULT": "sqlite",
        "VDK_SQLITE_FILE": "{out}/sqlite.db",
        "VDK_DUCKDB_DATABASE": "{out}/duckdb.db",
        **subject.env,
        **case.env,
    }
    # A sanitized build reads its own settings.
    kept = {key: os.environ[key] for key in os.environ if key.endswith("SAN_OPTIONS")}
    filled = {key: _filled(value, places) for key, value in env.items() if value != "@unset"}
    return kept | filled


def _filled(text: str, places: dict[str, str]) -> str:
    for place, path in places.items():
        text = text.replace(place, path)
    return text


def _placeless(value: object, places: dict[str, str]) -> object:
    """The outcome with the folders of this run replaced by their names."""
    if isinstance(value, str):
        for place, path in places.items():
            value = value.replace(path, place)
        return value
    if isinstance(value, list):
        return [_placeless(item, places) for item in value]
    if isinstance(value, dict):
        return {_placeless(key, places): _placeless(item, places) for key, item in value.items()}
    return value


def _stdout(text: str, case: Case, subject: Subject) -> str:
    """Upstream puts one empty line on standard output before anything else, whatever the command.

    It is a defect that `run` need not repeat; where it is part of the contract, in the text output
    of the query commands, the case compares it like any other byte.
    """
    if subject.name == "upstream" and "sql-query" not in case.command:
        return text.removeprefix("\n")
    return text


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None


def _termination(path: Path) -> str | None:
    """The status in the termination file; other than one JSON object is told as it is."""
    text = _text(path)
    if text is None:
        return None
    try:
        content = json.loads(text)
        return content["status"] if set(content) == {"vdk_version", "status"} else f"odd: {text}"
    except ValueError:
        return f"no JSON: {text}"


def _summary(path: Path, how: str) -> dict:
    """The run's status and its steps' as the summary file has them."""
    text = _text(path)
    if text is None:
        return {"status": None, "steps": None}
    content = json.loads(text)
    if how == "full":
        return {"summary": content}
    # Upstream blames someone for successful runs too, so blame counts only where something failed.
    return {
        "status": _blamed(content),
        "steps": [f"{step['name']}: {_blamed(step)}" for step in content["steps"]],
    }


def _blamed(entry: dict) -> str:
    blame = entry.get("blamee") if entry["status"] == "error" else None
    return f"{entry['status']} ({blame})" if blame else entry["status"]


def _observed(path: Path) -> dict:
    """The steps' observations; a name observed more than once holds the list of its values."""
    observed: dict[str, list] = {}
    for line in (_text(path) or "").splitlines():
        name, value = json.loads(line)
        observed.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in observed.items()}


def _databases(out: Path, subject: Subject) -> dict:
    """Each database file by its name; one without tables says no more than none."""
    dumps = {path.name: _database(path, subject) for path in sorted(out.glob("*.db"))}
    return {name: dump for name, dump in dumps.items() if dump}


def _database(path: Path, subject: Subject) -> dict:
    """Tables, columns and rows of a database file; rows are ordered, for a table has no order."""
    with path.open("rb") as file:
        head = file.read(16)
    if not head:
        return {}
    dump = (
        _dump_sqlite(path) if head.startswith(b"SQLite format 3") else _dump_duckdb(path, subject)
    )
    # Names that begin so are ours: bookkeeping inside the user's database.
    tables = {name: table for name, table in dump.items() if not name.startswith("_vdk_")}
    for table in tables.values():
        table["rows"].sort(key=json.dumps)
    return tables


def _dump_sqlite(path: Path) -> dict:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        listed = connection.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') "
            "AND name NOT LIKE 'sqlite~_%' ESCAPE '~' ORDER BY name"
        )
        return {name: _dump_table(connection, name) for (name,) in listed.fetchall()}
    finally:
        connection.close()


def _dump_table(connection: sqlite3.Connection, name: str) -> dict:
    quoted = '"' + name.replace('"', '""') + '"'
    columns = connection.execute(f"PRAGMA table_info({quoted})").fetchall()
    rows = connection.execute(f"SELECT * FROM {quoted}").fetchall()
    return {
        "columns": [f"{column[1]} {column[2]}".strip() for column in columns],
        "rows": [[{"blob": v.hex()} if isinstance(v, bytes) else v for v in row] for row in rows],
    }


# Run by the interpreter of the program that wrote the file: its DuckDB is new enough to read it.
_DUCKDB_DUMP = """
import duckdb, json, sys
con = duckdb.connect(sys.argv[1], read_only=True)
dump = {}
for name, in con.execute("SELECT table_name FROM information_schema.tables ORDER BY 1").fetchall():
    rows = con.execute('SELECT * FROM "' + name.replace('"', '""') + '"')
    columns = [d[0] + " " + str(d[1]) for d in rows.description]
    plain = (type(None), bool, int, float, str)
    dump[name] = {"columns": columns,
                  "rows": [[v if isinstance(v, plain) else str(v) for v in row] for row in rows.fetchall()]}
print(json.dumps(dump))
"""


def _dump_duckdb(path: Path, subject: Subject) -> dict:
    command = [subject.python, "-c", _DUCKDB_DUMP, path]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)
