#include "convert.hpp"

#include <string>

#include <nanobind/stl/string.h>

#include "cells.hpp"
#include "vdk/base/error.hpp"
#include "vdk/data/text_form.hpp"

namespace vdk {

namespace {

constexpr int kMaxDepth = 256;

nb::object checked(PyObject* made) {
  if (!made) nb::raise_python_error();
  return nb::steal(made);
}

[[noreturn]] void refuse(nb::handle object) {
  throw nb::type_error(
      ("Object of type " + class_name(object) + " is not JSON serializable").c_str());
}

Value convert(nb::handle object, bool lenient, int depth);

// json.dumps turns keys of these types into text and refuses all others.
std::string key_text(nb::handle key) {
  PyObject* raw = key.ptr();
  if (PyUnicode_Check(raw)) return std::string(text_of(key));
  if (raw == Py_True) return "true";
  if (raw == Py_False) return "false";
  if (raw == Py_None) return "null";
  if (PyLong_Check(raw) || PyFloat_Check(raw)) return nb::cast<std::string>(nb::str(key));
  throw nb::type_error(
      ("keys must be str, int, float, bool or None, not " + class_name(key)).c_str());
}

Value convert_integer(nb::handle object) {
  int overflow = 0;
  const long long number = PyLong_AsLongLongAndOverflow(object.ptr(), &overflow);
  if (overflow != 0) {
    const nb::object digits = checked(PyNumber_ToBase(object.ptr(), 10));
    return Value::BigInteger{std::string(text_of(digits))};
  }
  if (number == -1 && PyErr_Occurred()) nb::raise_python_error();
  return static_cast<std::int64_t>(number);
}

Value convert_sequence(nb::handle object, bool lenient, int depth) {
  const nb::object items = checked(PySequence_Fast(object.ptr(), "a list or tuple is needed"));
  const Py_ssize_t size = PySequence_Size(items.ptr());
  Value::List list;
  list.reserve(static_cast<std::size_t>(size));
  for (Py_ssize_t i = 0; i < size; ++i) {
    const nb::object item = checked(PySequence_GetItem(items.ptr(), i));
    list.push_back(convert(item, lenient, depth + 1));
  }
  return list;
}

Value convert_dict(nb::handle object, bool lenient, int depth) {
  // A copy: text of a key or value may run Python code that changes the dict.
  const nb::object items = checked(PyDict_Copy(object.ptr()));
  Value::Map map;
  PyObject* key = nullptr;
  PyObject* item = nullptr;
  Py_ssize_t at = 0;
  bool exact_keys = true;
  while (PyDict_Next(items.ptr(), &at, &key, &item)) {
    exact_keys = exact_keys && PyUnicode_Check(key);
    map.push_back({key_text(key), convert(item, lenient, depth + 1)});
  }
  if (exact_keys) return map;
  Value merged{Value::Map{}};  // 1 and "1" are one key in JSON
  for (Member& member : map) merged.set(member.key, std::move(member.value));
  return merged;
}

Value convert_special(nb::handle object, int depth) {
  const Scalar scalar = read_scalar(object);
  switch (scalar.kind) {
    case ScalarKind::null:
      return {};
    case ScalarKind::boolean:
      return scalar.integer != 0;
    case ScalarKind::integer:
      return scalar.integer;
    case ScalarKind::real:
      return scalar.real;
    case ScalarKind::big_integer:
    case ScalarKind::decimal:
      return Value::BigInteger{std::string(scalar.text())};
    case ScalarKind::text:
      return scalar.text();
    case ScalarKind::date:
    case ScalarKind::timestamp:
    case ScalarKind::timestamp_tz:
      return nb::cast<std::string>(nb::str(object.attr("isoformat")()));
    case ScalarKind::binary: {
      Value::List bytes;
      for (const char byte : scalar.text())
        bytes.emplace_back(static_cast<int>(static_cast<unsigned char>(byte)));
      return bytes;
    }
    case ScalarKind::nested:
    case ScalarKind::unknown:
      break;
  }
  if (nb::hasattr(object, "tolist")) return convert(object.attr("tolist")(), true, depth + 1);
  refuse(object);
}

Value convert(nb::handle object, bool lenient, int depth) {
  if (depth > kMaxDepth)
    throw nb::value_error("Circular reference detected, or nested deeper than 256");
  PyObject* raw = object.ptr();
  if (raw == Py_None) return {};
  if (raw == Py_True) return true;
  if (raw == Py_False) return false;
  if (PyUnicode_Check(raw)) {
    if (const auto utf8 = utf8_of(object)) return *utf8;
    return text_with_surrogates(object);
  }
  if (PyLong_Check(raw)) return convert_integer(object);
  if (PyFloat_Check(raw)) return PyFloat_AsDouble(raw);
  if (PyDict_Check(raw)) return convert_dict(object, lenient, depth);
  if (PyList_Check(raw) || PyTuple_Check(raw)) return convert_sequence(object, lenient, depth);
  if (lenient) return convert_special(object, depth);
  refuse(object);
}

nb::object date_from_days(std::int64_t days) {
  constexpr std::int64_t kEpochOrdinal = 719'163;  // of 1970-01-01
  return import("datetime").attr("date").attr("fromordinal")(days + kEpochOrdinal);
}

nb::object datetime_from_microseconds(std::int64_t microseconds, bool utc) {
  const nb::object module = import("datetime");
  const nb::object zone =
      utc ? nb::object(module.attr("timezone").attr("utc")) : nb::object(nb::none());
  const nb::object epoch =
      module.attr("datetime")(1970, 1, 1, 0, 0, 0, 0, nb::arg("tzinfo") = zone);
  return nb::steal(PyNumber_Add(
      epoch.ptr(),
      nb::object(module.attr("timedelta")(nb::arg("microseconds") = microseconds)).ptr()));
}

}  // namespace

nb::object to_python(const Value& value) {
  if (const std::string* text = value.if_string()) return make_str(*text);
  if (const std::int64_t* integer = value.if_integer())
    return checked(PyLong_FromLongLong(*integer));
  if (const double* real = value.if_real()) return checked(PyFloat_FromDouble(*real));
  if (const bool* boolean = value.if_bool()) return nb::bool_(*boolean);
  if (const Value::BigInteger* big = value.if_big_integer()) {
    return checked(PyLong_FromString(big->digits.c_str(), nullptr, 10));
  }
  if (const Value::List* list = value.if_list()) {
    nb::object made = checked(PyList_New(static_cast<Py_ssize_t>(list->size())));
    for (std::size_t i = 0; i < list->size(); ++i) {
      PyList_SetItem(made.ptr(), static_cast<Py_ssize_t>(i), to_python((*list)[i]).release().ptr());
    }
    return made;
  }
  if (const Value::Map* map = value.if_map()) {
    nb::object made = checked(PyDict_New());
    for (const Member& member : *map) {
      if (PyDict_SetItem(made.ptr(), make_str(member.key).ptr(), to_python(member.value).ptr()) !=
          0) {
        nb::raise_python_error();
      }
    }
    return made;
  }
  return nb::none();
}

bool is_plain_json(nb::handle object) {
  PyObject* raw = object.ptr();
  const PyTypeObject* type = Py_TYPE(raw);
  if (object.is_none() || type == &PyBool_Type || type == &PyLong_Type || type == &PyFloat_Type ||
      type == &PyUnicode_Type) {
    return true;
  }
  if (type == &PyList_Type) {
    for (Py_ssize_t i = 0; i < PyList_Size(raw); ++i) {
      if (!is_plain_json(PyList_GetItem(raw, i))) return false;
    }
    return true;
  }
  if (type != &PyDict_Type) return false;
  PyObject* key = nullptr;
  PyObject* value = nullptr;
  Py_ssize_t at = 0;
  while (PyDict_Next(raw, &at, &key, &value)) {
    if (Py_TYPE(key) != &PyUnicode_Type || !is_plain_json(value)) return false;
  }
  return true;
}

Value to_value(nb::handle object) { return convert(object, false, 0); }
Value to_value_lenient(nb::handle object) { return convert(object, true, 0); }

std::vector<std::vector<Value>> fetch_rows(nb::handle cursor) {
  std::vector<std::vector<Value>> rows;
  const nb::object fetched = cursor.attr("fetchall")();
  for (const nb::handle row : fetched) {
    std::vector<Value>& values = rows.emplace_back();
    for (const nb::handle value : row) {
      const bool is_bytes = PyBytes_Check(value.ptr());
      values.push_back(
          to_value_lenient(is_bytes ? nb::object(value.attr("hex")()) : nb::borrow(value)));
    }
  }
  return rows;
}

nb::object python_cell(const Column& column, std::size_t row) {
  if (column.is_null(row)) return nb::none();
  const auto as_text = [&] {
    std::string text;
    append_cell_text(text, column, row, DateTimeStyle::blank);
    return make_str(text);
  };
  // Python's calendar ends where databases' do not: beyond it, the text.
  const auto or_text = [&](auto make) -> nb::object {
    try {
      nb::object made = make();
      if (made.is_valid()) return made;
      PyErr_Clear();
    } catch (nb::python_error&) {
      // Said by the text instead.
    }
    return as_text();
  };
  switch (column.field.type) {
    case ColumnType::null:
      return nb::none();
    case ColumnType::boolean:
      return nb::bool_(column.boolean(row));
    case ColumnType::integer:
      return nb::int_(column.integer(row));
    case ColumnType::real:
      return nb::float_(column.real(row));
    case ColumnType::text:
      return make_str(column.bytes(row));
    case ColumnType::binary:
      return nb::bytes(column.bytes(row).data(), column.bytes(row).size());
    case ColumnType::date:
      return or_text([&] { return date_from_days(column.integer(row)); });
    case ColumnType::timestamp:
      return or_text([&] { return datetime_from_microseconds(column.integer(row), false); });
    case ColumnType::timestamp_tz:
      return or_text([&] { return datetime_from_microseconds(column.integer(row), true); });
    case ColumnType::decimal:
      return import("decimal").attr("Decimal")(make_str(column.bytes(row)));
    case ColumnType::json:
      try {
        return to_python(parse_json(column.bytes(row)));
      } catch (const Error&) {
        return make_str(column.bytes(row));
      }
  }
  return nb::none();
}

}  // namespace vdk
