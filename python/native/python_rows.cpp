#include "python_rows.hpp"

#include <algorithm>
#include <vector>

#include <nanobind/stl/string.h>

#include "convert.hpp"
#include "python_error.hpp"
#include "vdk/data/batch_builder.hpp"
#include "vdk/data/batch_rows.hpp"

namespace vdk {

namespace {

constexpr int kMostDepth = 32;
constexpr std::size_t kObject = 48;  // what an object takes besides its content, about

// What the text of the value takes, about; `memory` grows by the value's own.
std::size_t text_size(nb::handle object, std::size_t& memory, int depth) {
  PyObject* const raw = object.ptr();
  memory += kObject;
  if (PyUnicode_Check(raw)) {
    const auto length = static_cast<std::size_t>(PyUnicode_GetLength(raw));
    memory += length;
    return length + 2;
  }
  if (raw == Py_None || raw == Py_True) return 4;
  if (raw == Py_False) return 5;
  if (PyLong_Check(raw)) {
    int overflow = 0;
    const long long number = PyLong_AsLongLongAndOverflow(raw, &overflow);
    if (overflow != 0 || (number == -1 && PyErr_Occurred())) {
      PyErr_Clear();
      return 20;
    }
    std::size_t digits = number < 0 ? 2 : 1;
    for (auto rest = number / 10; rest != 0; rest /= 10) ++digits;
    return digits;
  }
  if (PyFloat_Check(raw)) return 17;
  if (PyBytes_Check(raw)) {
    const auto length = static_cast<std::size_t>(PyBytes_Size(raw));
    memory += length;
    return 2 * length + 3;
  }
  if (depth >= kMostDepth) return 16;
  std::size_t total = 2;
  if (PyDict_Check(raw)) {
    PyObject* key = nullptr;
    PyObject* value = nullptr;
    Py_ssize_t at = 0;
    while (PyDict_Next(raw, &at, &key, &value)) {
      total += text_size(key, memory, depth + 1) + text_size(value, memory, depth + 1) + 4;
    }
    return total;
  }
  if (PyList_Check(raw) || PyTuple_Check(raw)) {
    const bool is_list = PyList_Check(raw);
    const Py_ssize_t size = is_list ? PyList_Size(raw) : PyTuple_Size(raw);
    for (Py_ssize_t i = 0; i < size; ++i) {
      total +=
          text_size(is_list ? PyList_GetItem(raw, i) : PyTuple_GetItem(raw, i), memory, depth + 1) +
          2;
    }
    return total;
  }
  return 40;  // dates, decimals and the like
}

// What a value of a row fails of; nothing where it does not.
template <class Call>
std::optional<std::string> failure_of(Call&& call) {
  try {
    call();
    return std::nullopt;
  } catch (nb::python_error& error) {
    const bool is_of_value = error.matches(PyExc_Exception) && !error.matches(PyExc_MemoryError);
    if (!is_of_value) throw;
    return class_name(error.value()) + ": " + text_with_surrogates(nb::str(error.value()));
  } catch (const nb::builtin_exception& error) {
    return error.what();
  } catch (const Error& error) {
    return error.what();
  }
}

std::string description(nb::handle object) {
  std::string text = "an object of type " + class_name(object);
  failure_of([&] { text = text_with_surrogates(nb::repr(object)); });
  return text;
}

}  // namespace

RowSize row_size(nb::handle dict) {
  RowSize size;
  size.text = 49 + text_size(dict, size.memory, 0);  // as sys.getsizeof counts a text
  size.memory += 184;                                // of the dict itself
  return size;
}

PythonRows::PythonRows(nb::object list, std::size_t bytes, Destination destination)
    : list_(std::move(list)),
      metadata_(nb::none()),
      rows_(static_cast<std::size_t>(PyList_Size(list_.get().ptr()))),
      bytes_(bytes),
      destination_(std::move(destination)) {}

std::uint64_t PythonRows::digest() const {
  std::uint64_t digest = 0;
  const nb::gil_scoped_acquire lock;
  try {
    // Of rows with objects that only a processor knows, the number counts.
    const EncodedRows encoded = encode(*this, {});
    digest = join_digests(encoded.refused.size(), digest_rows(encoded.batch));
  } catch (nb::python_error&) {
  }
  return digest != 0 ? digest : rows_ + 1;
}

std::shared_ptr<HostRows> PythonRows::slice(std::size_t begin, std::size_t count) const {
  return call_python({}, [&]() -> std::shared_ptr<HostRows> {
    PyObject* part = PyList_GetSlice(list_.get().ptr(), static_cast<Py_ssize_t>(begin),
                                     static_cast<Py_ssize_t>(begin + count));
    if (!part) nb::raise_python_error();
    return with_list(nb::steal(part));
  });
}

std::shared_ptr<PythonRows> PythonRows::with_list(nb::object list) const {
  auto other = std::make_shared<PythonRows>(std::move(list), bytes_, destination_);
  other->metadata_ = metadata_;
  other->collection_id = collection_id;
  return other;
}

std::shared_ptr<PythonRows> python_rows(const Batch& batch, const Destination& destination) {
  if (const auto& host = batch.host_rows()) return std::static_pointer_cast<PythonRows>(host);
  std::vector<nb::object> names;
  for (const Field& field : batch.schema()) names.push_back(make_str(field.name));
  nb::list rows;
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    nb::dict dict;
    for (std::size_t i = 0; i < names.size(); ++i)
      dict[names[i]] = python_cell(batch.column(i), row);
    rows.append(dict);
  }
  return std::make_shared<PythonRows>(std::move(rows), batch.bytes(), destination);
}

EncodedRows encode(const PythonRows& rows, const CellRules& rules) {
  EncodedRows encoded;
  BatchBuilder builder;
  RowCells cells;
  std::size_t index = 0;
  for (const nb::handle row : nb::borrow(rows.list())) {
    if (const auto why = failure_of([&] { cells.read(row, rules); })) {
      encoded.refused.push_back({index, std::string(cells.column()), *why});
    } else {
      cells.append_to(builder);
    }
    cells.clear();
    ++index;
  }
  encoded.batch = builder.finish();
  return encoded;
}

Batch describe(const PythonRows& rows, std::span<const EncodedRows::Refused> refused,
               const CellRules& rules) {
  BatchBuilder builder;
  for (const EncodedRows::Refused& each : refused) {
    const auto row = nb::borrow<nb::dict>(rows.list()[each.row]);
    for (const auto [key, value] : row) {
      const std::size_t column =
          builder.column(PyUnicode_Check(key.ptr()) ? text_with_surrogates(key) : description(key));
      if (failure_of([&] { append_object(builder, column, value, rules); })) {
        builder.append_text(column, description(value));
      }
    }
    builder.end_row();
  }
  return builder.finish();
}

}  // namespace vdk
