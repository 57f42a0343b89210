#include "cells.hpp"

#include <chrono>
#include <cmath>
#include <unordered_map>

#include <nanobind/stl/string.h>

#include "convert.hpp"

namespace vdk {

namespace {

// What objects of a class are; decided once for each class.
enum class Class : std::uint8_t {
  none,
  boolean,
  integer,
  real,
  text,
  bytes,
  byte_buffer,  // bytearray, memoryview
  dict,
  sequence,
  datetime,
  date,
  decimal,
  uuid,
  numpy_scalar,
  other,
};

// A class of a module that is loaded, or null: what is not loaded has no instances.
nb::object loaded_class(const char* module, const char* name) {
  const nb::object modules = nb::getattr(nb::module_::import_("sys"), "modules");
  const nb::object loaded = modules.attr("get")(module);
  return loaded.is_none() ? nb::object() : nb::getattr(loaded, name, nb::object());
}

bool derives(PyTypeObject* type, const char* module, const char* name) {
  const nb::object base = loaded_class(module, name);
  return base.is_valid() && PyType_Check(base.ptr()) &&
         PyType_IsSubtype(type, reinterpret_cast<PyTypeObject*>(base.ptr()));
}

bool derives(PyTypeObject* type, PyTypeObject& base) { return PyType_IsSubtype(type, &base) != 0; }

Class classify_new(PyTypeObject* type) {
  const nb::handle handle(reinterpret_cast<PyObject*>(type));
  const auto name = nb::cast<std::string>(nb::getattr(handle, "__name__"));
  // pandas' missing values: NaT is a datetime by class.
  if (name == "NaTType" || name == "NAType") return Class::none;
  if (type == Py_TYPE(Py_None)) return Class::none;
  if (derives(type, PyBool_Type)) return Class::boolean;
  if (derives(type, PyLong_Type)) return Class::integer;
  if (derives(type, PyFloat_Type)) return Class::real;
  if (derives(type, PyUnicode_Type)) return Class::text;
  if (derives(type, PyBytes_Type)) return Class::bytes;
  if (derives(type, PyByteArray_Type) || derives(type, PyMemoryView_Type))
    return Class::byte_buffer;
  if (derives(type, PyDict_Type)) return Class::dict;
  if (derives(type, PyList_Type) || derives(type, PyTuple_Type)) return Class::sequence;
  if (derives(type, "datetime", "datetime")) return Class::datetime;
  if (derives(type, "datetime", "date")) return Class::date;
  if (derives(type, "decimal", "Decimal")) return Class::decimal;
  if (derives(type, "uuid", "UUID")) return Class::uuid;
  if (derives(type, "numpy", "generic")) return Class::numpy_scalar;
  if (derives(type, "numpy", "ndarray")) return Class::sequence;
  return Class::other;
}

Class classify(nb::handle object) {
  // The classes are kept alive by the map, so that no other class gets the address of a dead one.
  static auto* known = new std::unordered_map<PyTypeObject*, Class>;
  PyTypeObject* type = Py_TYPE(object.ptr());
  const auto found = known->find(type);
  if (found != known->end()) return found->second;
  const Class decided = classify_new(type);
  Py_INCREF(reinterpret_cast<PyObject*>(type));
  known->emplace(type, decided);
  return decided;
}

std::int64_t integer_attribute(nb::handle object, const char* name) {
  return nb::cast<std::int64_t>(nb::getattr(object, name));
}

std::int64_t days_of(nb::handle date) {
  using namespace std::chrono;
  const year_month_day day{year(static_cast<int>(integer_attribute(date, "year"))),
                           month(static_cast<unsigned>(integer_attribute(date, "month"))),
                           std::chrono::day(static_cast<unsigned>(integer_attribute(date, "day")))};
  return sys_days(day).time_since_epoch().count();
}

void read_timestamp(nb::handle object, Scalar& scalar) {
  constexpr std::int64_t kMicroseconds = 1'000'000;
  std::int64_t seconds = days_of(object) * 86400 + integer_attribute(object, "hour") * 3600 +
                         integer_attribute(object, "minute") * 60 +
                         integer_attribute(object, "second");
  std::int64_t microseconds = integer_attribute(object, "microsecond");
  scalar.kind = ScalarKind::timestamp;
  const nb::object offset = object.attr("utcoffset")();
  if (!offset.is_none()) {
    scalar.kind = ScalarKind::timestamp_tz;
    seconds -= integer_attribute(offset, "days") * 86400 + integer_attribute(offset, "seconds");
    microseconds -= integer_attribute(offset, "microseconds");
  }
  scalar.integer = seconds * kMicroseconds + microseconds;
}

void read_text(nb::object str, ScalarKind kind, Scalar& scalar) {
  scalar.kind = kind;
  if (const auto utf8 = utf8_of(str)) {
    scalar.view = *utf8;
    scalar.owner = std::move(str);
  } else {
    scalar.own = text_with_surrogates(str);
    scalar.owns = true;
  }
}

void read_bytes(nb::object bytes, Scalar& scalar) {
  char* data = nullptr;
  Py_ssize_t size = 0;
  if (PyBytes_AsStringAndSize(bytes.ptr(), &data, &size) != 0) nb::raise_python_error();
  scalar.kind = ScalarKind::binary;
  scalar.view = {data, static_cast<std::size_t>(size)};
  scalar.owner = std::move(bytes);
}

void read_integer(nb::handle object, Scalar& scalar) {
  int overflow = 0;
  const long long number = PyLong_AsLongLongAndOverflow(object.ptr(), &overflow);
  if (overflow == 0) {
    if (number == -1 && PyErr_Occurred()) nb::raise_python_error();
    scalar.kind = ScalarKind::integer;
    scalar.integer = number;
    return;
  }
  PyObject* digits = PyNumber_ToBase(object.ptr(), 10);
  if (!digits) nb::raise_python_error();
  read_text(nb::steal(digits), ScalarKind::big_integer, scalar);
}

[[noreturn]] void refuse(nb::handle object) {
  throw nb::type_error(
      ("Object of type " + class_name(object) + " is not JSON serializable").c_str());
}

// A value as a cell holds it: nested values as JSON text, unknown ones refused.
Scalar read_cell(nb::handle object, const CellRules& rules) {
  if (rules.temporal != Temporal::typed) {
    const Class known = classify(object);
    if (known == Class::datetime || known == Class::date) {
      Scalar scalar;
      const bool with_t = rules.temporal == Temporal::iso_text_with_t;
      read_text(with_t ? nb::object(object.attr("isoformat")()) : nb::object(nb::str(object)),
                ScalarKind::text, scalar);
      return scalar;
    }
  }
  Scalar scalar = read_scalar(object);
  if (scalar.kind == ScalarKind::real && rules.nan_is_null && std::isnan(scalar.real)) return {};
  if (scalar.kind == ScalarKind::nested) {
    scalar.own = to_json(to_value_lenient(object));
    scalar.owns = true;
  } else if (scalar.kind == ScalarKind::unknown) {
    refuse(object);
  }
  return scalar;
}

void append_scalar(BatchBuilder& builder, std::size_t column, const Scalar& scalar) {
  switch (scalar.kind) {
    case ScalarKind::null:
      builder.append_null(column);
      break;
    case ScalarKind::boolean:
      builder.append_boolean(column, scalar.integer != 0);
      break;
    case ScalarKind::integer:
      builder.append_integer(column, scalar.integer);
      break;
    case ScalarKind::real:
      builder.append_real(column, scalar.real);
      break;
    case ScalarKind::text:
      builder.append_text(column, scalar.text());
      break;
    case ScalarKind::binary:
      builder.append_binary(column, scalar.text());
      break;
    case ScalarKind::date:
      builder.append_date(column, scalar.integer);
      break;
    case ScalarKind::timestamp:
      builder.append_timestamp(column, scalar.integer);
      break;
    case ScalarKind::timestamp_tz:
      builder.append_timestamp_utc(column, scalar.integer);
      break;
    case ScalarKind::decimal:
      builder.append_decimal(column, scalar.text());
      break;
    case ScalarKind::big_integer:
    case ScalarKind::nested:
      builder.append_json(column, scalar.text());
      break;
    case ScalarKind::unknown:
      break;
  }
}

}  // namespace

Scalar read_scalar(nb::handle object) {
  Scalar scalar;
  switch (classify(object)) {
    case Class::none:
      break;
    case Class::boolean:
      scalar.kind = ScalarKind::boolean;
      scalar.integer = object.ptr() == Py_True;
      break;
    case Class::integer:
      read_integer(object, scalar);
      break;
    case Class::real:
      scalar.kind = ScalarKind::real;
      scalar.real = PyFloat_AsDouble(object.ptr());
      break;
    case Class::text:
      read_text(nb::borrow(object), ScalarKind::text, scalar);
      break;
    case Class::bytes:
      read_bytes(nb::borrow(object), scalar);
      break;
    case Class::byte_buffer: {
      PyObject* bytes = PyBytes_FromObject(object.ptr());
      if (!bytes) nb::raise_python_error();
      read_bytes(nb::steal(bytes), scalar);
      break;
    }
    case Class::datetime:
      read_timestamp(object, scalar);
      break;
    case Class::date:
      scalar.kind = ScalarKind::date;
      scalar.integer = days_of(object);
      break;
    case Class::decimal: {
      const bool finite = nb::cast<bool>(object.attr("is_finite")());
      if (finite) {
        read_text(nb::str(object), ScalarKind::decimal, scalar);
      } else {
        scalar.kind = ScalarKind::real;
        scalar.real =
            nb::cast<double>(nb::borrow(reinterpret_cast<PyObject*>(&PyFloat_Type))(object));
      }
      break;
    }
    case Class::uuid:
      read_text(nb::str(object), ScalarKind::text, scalar);
      break;
    case Class::numpy_scalar: {
      // datetime64 gives a datetime, a date, or for nanoseconds an int that would lose its meaning.
      const nb::object value = object.attr("item")();
      if (derives(Py_TYPE(object.ptr()), "numpy", "datetime64") && PyLong_Check(value.ptr())) {
        return read_scalar(object.attr("astype")("datetime64[us]").attr("item")());
      }
      if (Py_TYPE(value.ptr()) == Py_TYPE(object.ptr())) {  // longdouble gives itself
        scalar.kind = ScalarKind::real;
        scalar.real =
            nb::cast<double>(nb::borrow(reinterpret_cast<PyObject*>(&PyFloat_Type))(object));
        return scalar;
      }
      return read_scalar(value);
    }
    case Class::dict:
    case Class::sequence:
      scalar.kind = ScalarKind::nested;
      break;
    case Class::other:
      scalar.kind = ScalarKind::unknown;
      break;
  }
  return scalar;
}

void append_object(BatchBuilder& builder, std::size_t column, nb::handle object,
                   const CellRules& rules) {
  PyObject* raw = object.ptr();
  PyTypeObject* type = Py_TYPE(raw);
  // The everyday types, without the detour.
  if (type == &PyUnicode_Type) {
    if (const auto utf8 = utf8_of(object)) {
      builder.append_text(column, *utf8);
    } else {
      builder.append_text(column, text_with_surrogates(object));
    }
  } else if (type == &PyFloat_Type) {
    const double number = PyFloat_AsDouble(raw);
    if (rules.nan_is_null && std::isnan(number)) {
      builder.append_null(column);
    } else {
      builder.append_real(column, number);
    }
  } else if (type == &PyLong_Type) {
    int overflow = 0;
    const long long number = PyLong_AsLongLongAndOverflow(raw, &overflow);
    if (overflow == 0) {
      builder.append_integer(column, number);
    } else {
      append_scalar(builder, column, read_cell(object, rules));
    }
  } else if (raw == Py_None) {
    builder.append_null(column);
  } else {
    append_scalar(builder, column, read_cell(object, rules));
  }
}

bool append_plain_row(BatchBuilder& builder, nb::handle dict, const CellRules& rules) {
  PyObject* key = nullptr;
  PyObject* value = nullptr;
  Py_ssize_t at = 0;
  const auto append_utf8 = [](PyObject* text, auto append) {
    Py_ssize_t size = 0;
    const char* utf8 = PyUnicode_AsUTF8AndSize(text, &size);
    if (!utf8) {
      PyErr_Clear();  // a lone surrogate
      return false;
    }
    append(std::string_view(utf8, static_cast<std::size_t>(size)));
    return true;
  };
  while (PyDict_Next(dict.ptr(), &at, &key, &value)) {
    if (Py_TYPE(key) != &PyUnicode_Type) return false;
    std::size_t column = 0;
    if (!append_utf8(key, [&](std::string_view name) { column = builder.column(name); })) {
      return false;
    }
    const PyTypeObject* type = Py_TYPE(value);
    if (type == &PyUnicode_Type) {
      const auto append = [&](std::string_view text) { builder.append_text(column, text); };
      if (!append_utf8(value, append)) return false;
    } else if (type == &PyBool_Type) {
      builder.append_boolean(column, value == Py_True);
    } else if (type == &PyLong_Type) {
      int overflow = 0;
      const long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
      if (overflow != 0) return false;  // its digits are made by Python
      builder.append_integer(column, number);
    } else if (type == &PyFloat_Type || value == Py_None) {
      append_object(builder, column, value, rules);
    } else {
      return false;
    }
  }
  builder.end_row();
  return true;
}

void RowCells::read(nb::handle dict, const CellRules& rules) {
  cells_.clear();
  // Reading some values runs Python code, which may change the dict: then a copy is read.
  nb::object items = nb::borrow(dict);
  PyObject* key = nullptr;
  PyObject* value = nullptr;
  Py_ssize_t at = 0;
  bool plain = true;
  while (plain && PyDict_Next(items.ptr(), &at, &key, &value)) {
    PyTypeObject* type = Py_TYPE(value);
    plain = Py_TYPE(key) == &PyUnicode_Type &&
            (type == &PyUnicode_Type || type == &PyFloat_Type || type == &PyLong_Type ||
             value == Py_None || type == &PyBool_Type || type == &PyBytes_Type);
  }
  if (!plain) items = nb::steal(PyDict_Copy(dict.ptr()));
  if (!items.is_valid()) nb::raise_python_error();
  at = 0;
  while (PyDict_Next(items.ptr(), &at, &key, &value)) {
    Cell& cell = cells_.emplace_back();
    cell.name_owner = PyUnicode_Check(key) ? nb::borrow(key) : nb::object(nb::str(nb::handle(key)));
    cell.name = text_of(cell.name_owner);
    cell.value = read_cell(value, rules);
  }
}

std::string_view RowCells::column() const noexcept {
  return cells_.empty() ? std::string_view() : cells_.back().name;
}

void RowCells::append_to(BatchBuilder& builder) const {
  for (const Cell& cell : cells_) append_scalar(builder, builder.column(cell.name), cell.value);
  builder.end_row();
}

}  // namespace vdk
