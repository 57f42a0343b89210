"""pandas' frames as Arrow tables, where that is the same rows. Imported where pyarrow is loaded."""

import pyarrow
from pandas.api.types import infer_dtype

_ROWS_AT_ONCE = 983_040  # a table of text takes as much memory again

# Kinds of columns whose values mean the same in Arrow as one by one.
_KINDS = "biuM"  # NumPy's; reals of four and eight bytes too
_EXTENSIONS = ("string", "str", "boolean", "category", "Int", "UInt", "Float", "datetime64[")
_OBJECTS = ("string", "integer", "floating", "boolean", "empty")


def slices(frame, dates_as_text):
    """Pieces of the frame with their Arrow table, or None where they have to be taken row by row."""
    for begin in range(0, len(frame), _ROWS_AT_ONCE):
        rows = frame.iloc[begin : begin + _ROWS_AT_ONCE]
        yield rows, _table(rows, dates_as_text)


def _table(rows, dates_as_text):
    if not rows.columns.is_unique:
        return None
    for i in range(len(rows.columns)):
        if not _is_alike(rows.iloc[:, i], dates_as_text):
            return None
    try:
        arrays = [_array(rows.iloc[:, i]) for i in range(len(rows.columns))]
    except (pyarrow.ArrowException, OverflowError, TypeError, ValueError):
        return None
    return pyarrow.Table.from_arrays(arrays, names=[f"{i}" for i in range(len(arrays))])


def _is_alike(column, dates_as_text):
    dtype = column.dtype
    kind = getattr(dtype, "kind", "O")
    if kind == "M":
        return not dates_as_text
    if str(dtype) == "object":
        return infer_dtype(column, skipna=True) in _OBJECTS
    if str(dtype) == "category":
        return _is_alike(dtype.categories.to_series(), dates_as_text)
    return (
        kind in _KINDS or str(dtype).startswith(_EXTENSIONS) or str(dtype) in ("float32", "float64")
    )


def _array(column):
    array = pyarrow.array(column, from_pandas=True)
    if isinstance(array, pyarrow.ChunkedArray):  # engines like even pieces better
        array = array.combine_chunks()
    if pyarrow.types.is_timestamp(array.type) and array.type.unit == "ns":
        # As a datetime of Python has it.
        return array.cast(pyarrow.timestamp("us", array.type.tz), safe=False)
    return array
