"""What files the ingest method `file` makes, and what it never leaves behind."""

import csv
import json
import resource
import subprocess
from pathlib import Path

import pytest
from stage import TIME_LIMIT_SECONDS, VDK
from stage import Stage as BaseStage

ROWS = [{"id": number, "text": f"row {number}"} for number in range(1000)]
FORMATS = ("csv", "jsonl", "parquet")


class Stage(BaseStage):
    """What the method makes goes to `out`."""

    first_step = "10_send.py"

    def __init__(self, root):
        super().__init__(root)
        self.out = root / "out"
        self.env["VDK_INGEST_METHOD_DEFAULT"] = "file"

    def ingest(self, rows, target, table="t", **changes):
        (self.root / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        return self.vdk("ingest", "rows.jsonl", "-t", table, "--target", str(target), **changes)

    def files(self):
        """All that is in `out`, hidden files too."""
        return sorted(
            str(file.relative_to(self.out)) for file in self.out.rglob("*") if file.is_file()
        )

    def read(self, file):
        if file.suffix == ".csv":
            with file.open(newline="") as opened:
                return [{**row, "id": int(row["id"])} for row in csv.DictReader(opened)]
        return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path)


def succeeded(done):
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def failed(done, *fragments):
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    for fragment in fragments:
        assert fragment in said, said
    return said


def test_rows_are_appended_to_the_file_that_upstream_names(stage):
    stage.out.mkdir()
    target = stage.out / "orders"
    said = succeeded(stage.ingest(ROWS[:2], target))
    assert "2 rows ingested into t" in said
    succeeded(stage.ingest(ROWS[2:4], target, table="another"))
    assert stage.files() == ["orders.json"]
    assert stage.read(stage.out / "orders.json") == ROWS[:4]


def test_what_upstream_has_written_stays_and_can_be_read_on(stage):
    stage.out.mkdir()
    file = stage.out / "orders.json"
    file.write_text(json.dumps(ROWS[0], indent=4) + json.dumps(ROWS[1], indent=4))
    file.chmod(0o640)
    succeeded(stage.ingest(ROWS[2:4], stage.out / "orders"))
    text, rows = file.read_text(), []
    while text:
        row, end = json.JSONDecoder().raw_decode(text)
        rows.append(row)
        text = text[end:].lstrip()
    assert rows == ROWS[:4]
    assert file.stat().st_mode & 0o777 == 0o640


def test_a_link_leads_to_the_file(stage):
    stage.out.mkdir()
    (stage.root / "elsewhere.json").write_text("")
    (stage.out / "orders.json").symlink_to(stage.root / "elsewhere.json")
    succeeded(stage.ingest(ROWS[:2], stage.out / "orders"))
    assert (stage.out / "orders.json").is_symlink()
    assert stage.read(stage.root / "elsewhere.json") == ROWS[:2]


def test_without_a_target_the_time_names_the_file(stage):
    stage.step(
        """\
        def run(job_input):
            job_input.send_object_for_ingestion({"id": 1}, "t")
        """
    )
    succeeded(stage.vdk("run", "job"))
    (file,) = stage.root.rglob("table.*.json.json")
    assert stage.read(file) == [{"id": 1}]


def test_several_tables_share_the_file_of_one_target(stage):
    stage.out.mkdir()
    stage.step(
        f"""\
        def run(job_input):
            for number in range(300):
                job_input.send_object_for_ingestion(
                    {{"n": number}}, f"table{{number % 3}}", target="{stage.out}/all")
        """
    )
    succeeded(stage.vdk("run", "job"))
    assert stage.files() == ["all.json"]
    rows = stage.read(stage.out / "all.json")
    assert sorted(row["n"] for row in rows) == list(range(300))


@pytest.mark.parametrize("form", FORMATS)
def test_each_load_makes_a_file_of_its_own(stage, form):
    env = {"VDK_INGEST_FILE_FORMAT": form.upper()}
    for _ in range(2):
        succeeded(stage.ingest(ROWS, stage.out, table="sales.orders", **env))
    files = stage.files()
    assert len(files) == 2
    assert all(file.startswith("sales.orders/") and file.endswith("." + form) for file in files)
    if form == "parquet":
        sql = f"select id, text from '{stage.out}/sales.orders/*.parquet' order by 1"
        done = stage.vdk("sql", "-d", "duckdb", "-o", "json", sql)
        succeeded(done)
        assert json.loads(done.stdout) == [row for row in ROWS for _ in range(2)]
    else:
        for file in files:
            assert stage.read(stage.out / file) == ROWS


@pytest.mark.parametrize("form", FORMATS)
def test_a_python_step_makes_files_with_its_types(stage, form):
    stage.step(
        f"""\
        from datetime import date, datetime
        from decimal import Decimal

        def run(job_input):
            for number in range(2):
                job_input.send_object_for_ingestion(
                    {{"n": number, "day": date(2020, 1, 2), "t": "a,b", "nested": {{"x": [1]}}}},
                    "t", target="{stage.out}")
        """
    )
    said = succeeded(stage.vdk("run", "job", VDK_INGEST_FILE_FORMAT=form))
    assert "2 rows stored in table t by file (idempotent)" in said
    (file,) = stage.files()
    if form == "parquet":
        sql = f"select typeof(day), typeof(nested), count(*) from '{stage.out}/{file}' group by all"
        done = stage.vdk("sql", "-d", "duckdb", "-o", "csv", sql)
        assert done.stdout.splitlines()[1:] == ["DATE,JSON,2"]
    elif form == "jsonl":
        assert stage.read(stage.out / file)[1] == {
            "n": 1,
            "day": "2020-01-02",
            "t": "a,b",
            "nested": {"x": [1]},
        }
    else:
        assert (stage.out / file).read_text().splitlines() == [
            "n,day,t,nested",
            '0,2020-01-02,"a,b","{""x"": [1]}"',
            '1,2020-01-02,"a,b","{""x"": [1]}"',
        ]


@pytest.mark.parametrize("form", FORMATS)
def test_a_step_that_fails_leaves_no_file(stage, form):
    stage.step(
        f"""\
        def run(job_input):
            job_input.send_object_for_ingestion({{"n": 1}}, "t", target="{stage.out}")
            raise ValueError("too late")
        """
    )
    env = {
        "VDK_INGEST_FILE_FORMAT": form,
        "VDK_INGESTER_WAIT_TO_FINISH_AFTER_EVERY_SEND": "true",
    }
    said = failed(stage.vdk("run", "job", **env), "too late")
    assert "0 rows stored in table t by file" in said
    assert stage.files() == []
    assert list((stage.root / "tmp").iterdir()) == []


KILL_POINTS = ["before_write", "before_publish", "before_rename", "after_publish"]


@pytest.mark.parametrize("form", [None, *FORMATS])
@pytest.mark.parametrize("point", KILL_POINTS)
def test_a_killed_run_leaves_a_whole_file_or_none_and_a_resume_makes_it_whole(stage, form, point):
    stage.out.mkdir()
    target = stage.out if form else stage.out / "orders"
    stage.step(
        f"""\
        def run(job_input):
            for number in range(1000):
                job_input.send_object_for_ingestion(
                    {{"id": number, "text": f"row {{number}}"}}, "t", target="{target}")
        """
    )
    env = {"VDK_INGEST_FILE_FORMAT": form} if form else {}
    killed = stage.vdk("run", "job", VDK_KILL_POINT=f"file.{point}", **env)
    assert killed.returncode == -9, killed.stderr

    def rows_of(file):
        if form != "parquet":
            return stage.read(stage.out / file)
        sql = f"select id, text from '{stage.out}/{file}' order by 1"
        return json.loads(stage.vdk("sql", "-d", "duckdb", "-o", "json", sql).stdout)

    def shown():
        return [file for file in stage.files() if not Path(file).name.startswith(".")]

    there = point == "after_publish"
    assert [rows_of(file) for file in shown()] == [ROWS] * there
    succeeded(stage.vdk("run", "job", "--resume", "last", **env))
    (file,) = stage.files()
    twice = form is None and there  # what is appended has no name by which to know it again
    assert rows_of(file) == ROWS * (2 if twice else 1)
    assert list((stage.root / "tmp").glob("vdk-parquet-*")) == []


@pytest.mark.parametrize("form", FORMATS)
def test_a_resumed_run_makes_the_same_file(stage, form):
    stage.step(
        f"""\
        import os

        def run(job_input):
            for number in range(3):
                job_input.send_object_for_ingestion({{"n": number}}, "t", target="{stage.out}")
        """
    )
    stage.step(
        f"""\
        import os

        def run(job_input):
            job_input.send_object_for_ingestion({{"n": 9}}, "t", target="{stage.out}")
            if not os.path.exists("{stage.root}/second"):
                raise ValueError("the first attempt ends here")
        """,
        "20_send.py",
    )
    env = {"VDK_INGEST_FILE_FORMAT": form}
    failed(stage.vdk("run", "job", **env), "the first attempt ends here")
    first = stage.files()
    assert len(first) == 1
    (stage.root / "second").touch()
    succeeded(stage.vdk("run", "job", "--resume", "last", **env))
    assert len(stage.files()) == 2
    assert first[0] in stage.files()


def test_columns_of_csv_are_those_of_the_first_rows(stage):
    stage.step(
        f"""\
        def run(job_input):
            for row in ({{"a": 1, "b": 2}}, {{"b": 4, "a": 3}}, {{"b": 5}}, {{"a": 6, "c": 7}}):
                job_input.send_object_for_ingestion(row, "t", target="{stage.out}")
        """
    )
    env = {
        "VDK_INGEST_FILE_FORMAT": "csv",
        "VDK_INGESTER_WAIT_TO_FINISH_AFTER_EVERY_SEND": "true",
        "VDK_INGEST_DEAD_LETTER": str(stage.root / "dead"),
    }
    said = succeeded(stage.vdk("run", "job", **env))
    assert "unknown_column, column c" in said
    (file,) = stage.files()
    assert (stage.out / file).read_text() == "a,b\n1,2\n3,4\n,5\n"
    (letter,) = (stage.root / "dead" / "t.jsonl").read_text().splitlines()
    assert json.loads(letter)["values"] == {"a": 6, "c": 7}
    env.pop("VDK_INGEST_DEAD_LETTER")
    failed(stage.vdk("run", "job", **env), "1 row was rejected", "unknown_column")


@pytest.mark.parametrize("table", ["..", "../up", "/tmp/absolute", "a/b"])
def test_a_table_stays_in_the_targets_folder(stage, table):
    env = {"VDK_INGEST_FILE_FORMAT": "jsonl"}
    failed(stage.ingest(ROWS[:1], stage.out, table=table, **env), "can name a folder")
    assert not stage.out.exists()
    assert [file.name for file in stage.root.rglob("*.jsonl")] == ["rows.jsonl"]


def test_jobs_may_append_to_one_file_at_once(stage):
    stage.out.mkdir()
    stage.step(
        f"""\
        def run(job_input):
            number = int(job_input.get_arguments()["number"])
            for _ in range(100):
                job_input.send_object_for_ingestion({{"n": number}}, "t", target="{stage.out}/all")
        """
    )
    jobs = [
        subprocess.Popen(
            [str(VDK), "run", "job", "--arguments", json.dumps({"number": number})],
            cwd=stage.root,
            env=stage.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for number in range(4)
    ]
    assert [job.wait(TIME_LIMIT_SECONDS) for job in jobs] == [0] * 4
    rows = stage.read(stage.out / "all.json")
    assert sorted(row["n"] for row in rows) == [n for n in range(4) for _ in range(100)]
    assert stage.files() == ["all.json"]


@pytest.mark.parametrize("form", [None, *FORMATS])
def test_a_full_disk_leaves_nothing_half_written(stage, form):
    stage.out.mkdir()
    target = stage.out if form else stage.out / "orders"
    if not form:
        (stage.out / "orders.json").write_text('{"id": 0}\n')
    before = stage.files()
    env = {"VDK_INGEST_FILE_FORMAT": form} if form else {}
    rows = [{"id": number, "text": "x" * 1000} for number in range(2000)]

    def fill():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    (stage.root / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = stage.vdk(
        "ingest", "rows.jsonl", "-t", "t", "--target", str(target), preexec=fill, **env
    )
    failed(done, "File too large")
    assert stage.files() == before
    if not form:
        assert (stage.out / "orders.json").read_text() == '{"id": 0}\n'


def test_what_cannot_be_written_is_named(stage):
    failed(
        stage.ingest(ROWS[:1], stage.root / "absent" / "orders"), "orders.json cannot be written"
    )
    env = {"VDK_INGEST_FILE_FORMAT": "xls"}
    failed(stage.ingest(ROWS[:1], stage.out, **env), "no file format 'xls'")
    env = {"VDK_INGEST_FILE_FORMAT": "csv"}
    file = stage.root / "rows.jsonl"
    failed(stage.vdk("ingest", str(file), "-t", "t", **env), "without a target")
    failed(stage.ingest(ROWS[:1], stage.out, VDK_INGEST_DISPOSITION="replace"), "only be appended")


def test_what_parquet_cannot_be_is_reported_at_the_end_of_the_step(stage):
    rows = [{"a": 1, "A": 2}]
    said = failed(stage.ingest(rows, stage.out, VDK_INGEST_FILE_FORMAT="parquet"))
    assert "Parquet" in said or "Column with name" in said
    assert stage.files() == []
