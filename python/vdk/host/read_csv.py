"""Reads CSV files with pandas and writes the rows where the program reads them: read_csv.py DIRECTORY

The directory holds request.json: the files, and keywords of pandas.read_csv. It gets rows.csv and
types.json, the options with which rows.csv is to be read. Exit code 3: there is no pandas.
"""

import csv
import json
import os
import sys

NULL = "\x1a\x1aNULL"  # a text that no file has


def main(directory):
    try:
        import pandas
    except ImportError:
        return 3
    with open(os.path.join(directory, "request.json"), encoding="utf-8") as file:
        request = json.load(file)
    options = request["options"]
    frames = [pandas.read_csv(path, **options) for path in request["files"]]
    frame = frames[0] if len(frames) == 1 else pandas.concat(frames, ignore_index=True)
    frame = frame.dropna(how="all")
    frame.columns = [str(name) for name in frame.columns]
    types = {}
    for position, name in enumerate(frame.columns):
        column = frame.iloc[:, position]
        types[name] = type_of(pandas.api.types, column.dtype)
        if types[name] == "str":
            frame.isetitem(position, column.map(text_of, na_action="ignore").astype(object))
    frame.to_csv(
        os.path.join(directory, "rows.csv"),
        index=False,
        na_rep=NULL,
        quoting=csv.QUOTE_NONNUMERIC,
        lineterminator="\n",
        encoding="utf-8",
    )
    with open(os.path.join(directory, "types.json"), "w", encoding="utf-8") as file:
        json.dump({"dtype": types, "na_values": [NULL], "keep_default_na": False}, file)
    return 0


def type_of(types, dtype):
    if types.is_bool_dtype(dtype):
        return "bool"
    if types.is_signed_integer_dtype(dtype) or str(dtype) in ("uint8", "uint16", "uint32"):
        return "int64"
    if types.is_float_dtype(dtype):
        return "float64"
    return "str"


def text_of(value):
    isoformat = getattr(value, "isoformat", None)
    return isoformat() if isoformat else str(value)


if __name__ == "__main__":
    del sys.path[0]  # the program's own modules are none of pandas' business
    try:
        sys.exit(main(sys.argv[1]))
    except Exception as error:
        sys.exit(f"{type(error).__name__}: {error}".replace("\n", " "))
