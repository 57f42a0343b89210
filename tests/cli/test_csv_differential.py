"""`ingest-csv` beside pandas: what read_csv makes of generated files is what comes into the table.

Each file is made from a seed, with some of the keywords that are read natively. Where the two mean
to differ (plugins/csv/README.md), pandas' answer is translated, or a refusal is expected.
"""

import io
import json
import math
import os
import random
import sqlite3
import subprocess
from pathlib import Path

import pytest

pandas = pytest.importorskip("pandas")

ROOT = Path(__file__).resolve().parent.parent.parent
VDK = Path(os.environ.get("VDK_BIN", ROOT / "build" / "release" / "bin" / "vdk")).absolute()
TIME_LIMIT_SECONDS = 60
CHUNK = 25  # files a test
CHUNKS = [*range(8), *(pytest.param(i, marks=pytest.mark.full) for i in range(8, 200))]

TEXTS = ["x", "Ann", "über", "two words", "a'b", 'say "hi"', " pad ", "2024-02-29", "NA", "None",
         "null", "-", "?", "TRUE", "1x", "0x1F", "x" * 300]  # fmt: skip


class Case:
    """A file and the keywords to read it with."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.has_gaps = False  # in a column that is to be of integers, which pandas refuses
        self.has_twins = False  # names that are one column to a database
        self.keywords = {}
        chance, keywords = self.chance, self.keywords
        self.separator = chance.choice([",", ",", ";", "\t", "|"])
        if self.separator != ",":
            keywords[chance.choice(["sep", "delimiter"])] = self.separator
        self.quote = chance.choice(['"', '"', '"', "'"])
        if self.quote != '"':
            keywords["quotechar"] = self.quote
        self.decimal = "."
        if self.separator != "," and self.maybe(0.3):
            self.decimal = keywords["decimal"] = ","
        self.thousands = None
        if self.maybe(0.2):
            free = {",", ".", "_"} - {self.separator, self.decimal}
            self.thousands = keywords["thousands"] = chance.choice(sorted(free))
        if self.maybe(0.2):
            keywords["comment"] = "#"
        if self.maybe(0.15):
            keywords["escapechar"] = "\\"
        if self.maybe(0.25):
            keywords["na_values"] = chance.choice(
                ["-", ["?", "x"], {"c0": ["-"], "c1": "?"}, [7], ["2.5"]]
            )
        if self.maybe(0.2):
            keywords["keep_default_na"] = chance.random() < 0.5
        self.encoding = chance.choice(["utf-8"] * 5 + ["latin-1", "cp1252", "utf-16", "utf-8-sig"])
        if self.encoding != "utf-8":
            keywords["encoding"] = self.encoding
        self.width = chance.randint(1, 5)
        self.height = chance.randint(0, 8)
        self.names = [f"c{i}" for i in range(self.width)]
        self.kinds = [chance.choice(list(MAKERS)) for _ in self.names]
        self.lines = [[self.cell(MAKERS[kind]) for kind in self.kinds] for _ in range(self.height)]
        self.shape()
        self.data = self.text().encode(self.encoding)

    def maybe(self, share):
        return self.chance.random() < share

    def number(self, text):
        """The number as the keywords have it."""
        whole, point, rest = text.partition(".")
        if self.thousands and len(whole) > 4 and self.maybe(0.7):
            whole = whole[:-3] + self.thousands + whole[-3:]
        return whole + (self.decimal if point else "") + rest

    def cell(self, make):
        if self.maybe(0.12):
            return self.chance.choice(["", "", "NA", "null", "-", "?"])
        return make(self)

    def shape(self):
        """Keywords about lines and columns."""
        chance, keywords = self.chance, self.keywords
        self.header, self.before = True, []
        if self.maybe(0.15):
            self.header = False
            if self.maybe(0.6):
                keywords["names"] = self.names
                if self.maybe(0.3):
                    keywords["header"] = None
            else:
                keywords["header"] = None
        elif self.maybe(0.1):
            keywords |= {"names": [f"n{i}" for i in range(self.width)], "header": 0}
        elif self.maybe(0.15):
            keywords["header"] = chance.choice([0, 0, 1, 2, "infer"])
        if self.maybe(0.15):
            self.before = [["skip me"]] * chance.randint(1, 2)
            keywords["skiprows"] = (
                len(self.before) if self.maybe(0.5) else list(range(len(self.before)))
            )
        elif self.maybe(0.1):
            keywords["skiprows"] = sorted(chance.sample(range(10), chance.randint(1, 4)))
        if self.maybe(0.15):
            keywords["nrows"] = chance.randint(0, 10)
        shown = self.shown()
        if self.maybe(0.2):
            chosen = sorted(chance.sample(range(self.width), chance.randint(1, self.width)))
            keywords["usecols"] = (
                chosen if self.maybe(0.5) or not shown else [shown[i] for i in chosen]
            )
        if self.maybe(0.2):
            column = chance.randrange(self.width)
            kinds = ["str", "str", "object", "string", *DTYPES.get(self.kinds[column], [])]
            if not {"decimal", "thousands"} & set(keywords):
                kinds.append("category")
            kind = chance.choice(kinds)
            keywords["dtype"] = (
                kind if self.maybe(0.2) else {shown[column] if shown else column: kind}
            )

    def shown(self):
        """The names of the columns; None where pandas counts them."""
        if "names" in self.keywords:
            return self.keywords["names"]
        return self.names if self.header else None

    def quoted(self, text):
        if text.startswith(RAW):
            return text.removeprefix(RAW)
        special = {self.separator, self.quote, "\n", "\r", "#", "\\"}
        if not special & set(text) and not self.maybe(0.1):
            return text
        text = text.replace("\\", "\\\\") if "escapechar" in self.keywords else text
        return self.quote + text.replace(self.quote, self.quote * 2) + self.quote

    def text(self):
        chance = self.chance
        end = chance.choice(["\n", "\n", "\r\n"])
        lines = [*self.before, *([self.names] if self.header else []), *self.lines]
        text = ""
        for number, line in enumerate(lines):
            if number >= len(self.before) and self.maybe(0.05):
                text += end  # a blank line
            if "comment" in self.keywords and number > len(self.before) and self.maybe(0.15):
                text += "# a note" + end
            cells = list(line)
            if number > len(self.before) + 1 and len(cells) > 1 and self.maybe(0.05):
                cells.pop()  # a short line
            text += self.separator.join(map(self.quoted, cells))
            if "comment" in self.keywords and number > len(self.before) and self.maybe(0.1):
                text += "#and so on"
            text += end
        return text.removesuffix(end) if self.maybe(0.2) else text

    # What is expected

    def refused_here(self, frame):
        """Whether pandas took what is an error here: more values than names, or a name twice."""
        if frame.index.dtype != "int64" or not frame.index.equals(pandas.RangeIndex(len(frame))):
            return True
        rest = {
            key: value for key, value in self.keywords.items() if key not in ("usecols", "dtype")
        }
        names = [
            str(name) for name in pandas.read_csv(io.BytesIO(self.data), **rest | {"nrows": 0})
        ]
        return any(name + ".1" in names for name in names)

    def expected(self):
        """The names and rows that pandas gives; None where it refuses, or what it gives is no table."""
        try:
            frame = pandas.read_csv(io.BytesIO(self.data), **self.keywords)
        except Exception as error:  # whatever it is, pandas refuses the file or a keyword
            self.has_gaps = "NA values" in str(error)
            return None
        if self.refused_here(frame):
            return None
        frame = frame.dropna(how="all")
        names = [str(name) for name in frame.columns]
        self.has_twins = len({name.lower() for name in names}) < len(names)
        return names, [[plain(v) for v in row] for row in frame.itertuples(index=False, name=None)]


RAW = "\0"  # in front of what is written as it is


def junk(case):
    """Few characters, so that odd combinations come often."""
    pieces = [case.quote, case.quote, case.separator, " ", "\t", "\n", "\\", "#", "1", "x", "NA",
              "True", "1.5", "-", "+", "e", ".", ",", "é"]  # fmt: skip
    return RAW + "".join(case.chance.choices(pieces, k=case.chance.randint(0, 4)))


DTYPES = {
    "integer": ["int64", "Int64", "float64", "int", "int32"],
    "small": ["int8", "uint8", "Int64", "float32", "bool", "boolean"],
    "real": ["float64", "float", "float32", "Float64", "int64"],
    "flag": ["bool", "boolean"],
    "mixed": ["int64", "float64", "bool"],
    "zeros": ["int64", "float64"],
}
MAKERS = {
    "junk": junk,
    "integer": lambda case: case.number(str(case.chance.randint(-99999, 99999))),
    "small": lambda case: str(case.chance.randint(0, 9)),
    "large": lambda case: str(case.chance.choice([2**53 - 1, 2**62, -(2**63), 2**31])),
    "real": lambda case: case.number(f"{case.chance.uniform(-9999, 9999):.{case.chance.randint(1, 6)}f}"),
    "power": lambda case: case.chance.choice(["1e5", "-2E-3", "1e300", "5e-324"]),
    "flag": lambda case: case.chance.choice(["True", "False", "true", "FALSE"]),
    "text": lambda case: case.chance.choice(TEXTS),
    "lines": lambda case: case.chance.choice(["a\nb", "x;y,z", "tab\there", "end\\"]),
    "mixed": lambda case: case.chance.choice([*TEXTS, "1", "2.5", "True", ""]),
    "zeros": lambda case: case.chance.choice(["007", "0", "00.10"]),
    "infinite": lambda case: case.chance.choice(["inf", "-inf", "nan", "1.5"]),
}  # fmt: skip


def plain(value):
    """A value of pandas as SQLite gives it back."""
    if value is None or value is pandas.NA:
        return None
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and math.isnan(value):
        return None
    return int(value) if isinstance(value, bool) else value


def alike(ours, theirs):
    if isinstance(theirs, (int, float)) and isinstance(ours, (int, float)):
        # Integers with gaps are real numbers in pandas, and inexact.
        return ours == theirs or math.isclose(ours, theirs, rel_tol=1e-14, abs_tol=5e-324)
    return ours == theirs


def ingested(case, folder, number):
    """The names and rows of the table; None where the file is refused."""
    folder.mkdir()
    (folder / "t.csv").write_bytes(case.data)
    done = subprocess.run(
        [str(VDK), "ingest-csv", "-f", "t.csv", "-o", json.dumps(case.keywords)],
        cwd=folder,
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "LANG": "C.UTF-8",
            "VDK_PYTHON": "/nonexistent",  # all of it is native
            "VDK_DB_DEFAULT_TYPE": "sqlite",
            "VDK_INGEST_METHOD_DEFAULT": "sqlite",
            "VDK_SQLITE_FILE": str(folder / "db"),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT_SECONDS,
    )
    if done.returncode != 0:
        assert "Error" in done.stderr and "/nonexistent" not in done.stderr, done.stderr
        return None, done.stderr
    database = sqlite3.connect(folder / "db")
    try:
        cursor = database.execute("select * from t order by rowid")
        return ([column[0] for column in cursor.description], cursor.fetchall()), ""
    except sqlite3.OperationalError:
        return ([], []), ""  # a file without rows makes no table
    finally:
        database.close()


def difference(case, theirs, ours, said):
    if case.has_gaps or case.has_twins:
        return None  # integers with gaps are integers here
    if theirs is None or ours is None:
        return None if theirs is ours else f"pandas: {theirs}, here: {ours or said}"
    if not theirs[1] and not ours[1]:
        return None
    same = theirs[0] == ours[0] and len(theirs[1]) == len(ours[1])
    for row, own in zip(theirs[1], ours[1]):
        same = same and len(row) == len(own) and all(map(alike, own, row))
    return None if same else f"pandas: {theirs}, here: {ours}"


@pytest.mark.parametrize("chunk", CHUNKS)
def test_generated_files_are_read_as_pandas_reads_them(tmp_path, chunk):
    found = []
    for number in range(CHUNK):
        seed = chunk * CHUNK + number
        case = Case(seed)
        ours, said = ingested(case, tmp_path / str(number), number)
        if what := difference(case, case.expected(), ours, said):
            found.append(f"seed {seed}: {case.data!r} with {case.keywords}\n{what}")
    assert not found, "\n\n".join(found)
