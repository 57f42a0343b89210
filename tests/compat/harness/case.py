"""A case: a folder with a job tree, the command line to run it with and what must come of it."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import tomllib

SETTINGS = "case.toml"
RECORD = "expected.json"
TOP = Path(__file__).resolve().parent.parent
CASES = TOP / "cases"
PENDING = TOP / "pending.txt"


class BadCase(Exception):
    """The case itself is wrong, whatever the programs do."""


@dataclass(frozen=True)
class Case:
    """The settings of one case; every field but `name` and `folder` comes from its case.toml."""

    name: str
    folder: Path
    about: str
    command: list[str] = field(default_factory=lambda: ["run", "job"])
    env: dict[str, str] = field(default_factory=dict)
    # What to look at besides the exit status, the termination file and the databases.
    stdout: bool = True
    summary: str = "outcomes"  # or "full": blame and details as well
    stderr: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    ignore: list[str] = field(default_factory=list)  # what of the outcome is left open
    # Python modules without which the case cannot run, and the files to make before the run.
    needs: list[str] = field(default_factory=list)
    make: dict[str, object] = field(default_factory=dict)
    difference: dict[str, object] | None = None

    @property
    def record_path(self) -> Path:
        return self.folder / RECORD

    def recorded(self) -> dict:
        """What upstream did when the case was recorded."""
        if not self.record_path.is_file():
            raise BadCase(f"{self.name} has no {RECORD}: make it with --record")
        return json.loads(self.record_path.read_text(encoding="utf-8"))

    def write_record(self, outcome: dict) -> None:
        text = json.dumps(outcome, indent=1)
        self.record_path.write_text(text + "\n", encoding="utf-8")

    def expected_of_ours(self) -> dict:
        """Upstream's recorded outcome with the differences made on purpose laid over it."""
        recorded = self.recorded()
        if self.difference is None:
            return recorded
        expected = overlaid(recorded, self.difference["expect"])
        if same(expected, recorded):
            raise BadCase(f"{self.name} declares a difference that changes nothing: remove it")
        return expected


def overlaid(base: object, change: object) -> object:
    """`base` with `change` laid over it: tables merge, "@absent" removes, "@null" is JSON null."""
    if change == "@null":
        return None
    if isinstance(change, list):
        return [overlaid(None, item) for item in change]
    if not isinstance(change, dict):
        return change
    merged = dict(base) if isinstance(base, dict) else {}
    for key, value in change.items():
        if value == "@absent":
            merged.pop(key, None)
        else:
            merged[key] = overlaid(merged.get(key), value)
    return merged


def met(expected: object, outcome: object) -> object:
    """`expected` with its patterns replaced by what came, where that fits.

    "@not:VALUE" fits all but VALUE; "@any" fits everything.
    """
    if expected == "@any":
        return outcome
    if isinstance(expected, str) and expected.startswith("@not:"):
        return outcome if outcome != expected.removeprefix("@not:") else expected
    if isinstance(expected, dict) and isinstance(outcome, dict):
        return {key: met(value, outcome.get(key)) for key, value in expected.items()}
    return expected


def same(left: object, right: object) -> bool:
    """Equal as JSON: unlike Python's ==, 1, 1.0 and True are three values."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


def load(folder: Path) -> Case:
    """The case in `folder`; BadCase where its settings are not understood."""
    name = folder.relative_to(CASES).as_posix()
    settings = tomllib.loads((folder / SETTINGS).read_text(encoding="utf-8"))
    known = set(Case.__dataclass_fields__) - {"name", "folder"}
    if unknown := set(settings) - known:
        raise BadCase(f"{name}: unknown settings {sorted(unknown)}")
    if "about" not in settings:
        raise BadCase(f"{name}: `about` is missing: say which behaviour it pins")
    difference = settings.get("difference")
    if difference is not None and set(difference) != {"decided_by", "reason", "expect"}:
        raise BadCase(f"{name}: [difference] needs decided_by, reason and expect")
    return Case(name=name, folder=folder, **settings)


def load_all() -> list[Case]:
    """Every case, in the order of their names."""
    return [load(path.parent) for path in sorted(CASES.glob(f"*/*/{SETTINGS}"))]


def pending() -> set[str]:
    """The names of cases that our program does not pass yet."""
    if not PENDING.is_file():
        return set()
    lines = (line.split("#")[0].strip() for line in PENDING.read_text().splitlines())
    return {line for line in lines if line}


def drop_pending(name: str) -> None:
    """Take a case out of pending.txt."""
    lines = PENDING.read_text().splitlines()
    kept = [line for line in lines if line.split("#")[0].strip() != name]
    PENDING.write_text("".join(f"{line}\n" for line in kept))
