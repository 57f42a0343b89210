// Python objects and JSON values, in both directions.
#pragma once

#include <cstddef>
#include <vector>

#include "python.hpp"
#include "vdk/base/value.hpp"
#include "vdk/data/batch.hpp"

namespace vdk {

// What json.loads would give for the value. Needs the interpreter lock.
[[nodiscard]] nb::object to_python(const Value& value);

// The JSON value of an object of Python's own JSON types; a tuple is a list, keys become text as
// json.dumps makes them. Throws Python's TypeError that names the type for anything else,
// ValueError where it contains itself. Needs the interpreter lock.
[[nodiscard]] Value to_value(nb::handle object);

// Whether json.loads(json.dumps(object)) would give an equal object: no tuples, no keys that are no
// str, no other classes.
[[nodiscard]] bool is_plain_json(nb::handle object);

// As to_value, but dates, times, decimals, UUIDs and bytes are taken too, as text or number, and
// NumPy's scalars by their value.
[[nodiscard]] Value to_value_lenient(nb::handle object);

// A value of a column. What Python's calendar cannot hold is its text. Needs the interpreter lock.
[[nodiscard]] nb::object python_cell(const Column& column, std::size_t row);

// All rows that a cursor of PEP 249 still has, as a driver of the core gives them: bytes as
// hexadecimal text. Needs the interpreter lock.
[[nodiscard]] std::vector<std::vector<Value>> fetch_rows(nb::handle cursor);

}  // namespace vdk
