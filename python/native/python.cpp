#include "python.hpp"

namespace vdk {

SharedObject::SharedObject(const SharedObject& other) {
  if (!other.object_.is_valid()) return;
  const nb::gil_scoped_acquire lock;
  object_ = other.object_;
}

SharedObject::~SharedObject() {
  if (!object_.is_valid()) return;
  const nb::gil_scoped_acquire lock;
  if (lock) {
    object_.reset();
  } else {
    object_.release();  // the interpreter is gone, and the object with it
  }
}

std::string_view text_of(nb::handle str) {
  Py_ssize_t size = 0;
  const char* text = PyUnicode_AsUTF8AndSize(str.ptr(), &size);
  if (!text) nb::raise_python_error();
  return {text, static_cast<std::size_t>(size)};
}

std::string class_name(nb::handle object) {
  return std::string(text_of(nb::object(nb::getattr(object.type(), "__name__"))));
}

std::optional<std::string_view> utf8_of(nb::handle str) {
  Py_ssize_t size = 0;
  const char* utf8 = PyUnicode_AsUTF8AndSize(str.ptr(), &size);
  if (!utf8) {
    if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) nb::raise_python_error();
    PyErr_Clear();
    return std::nullopt;
  }
  return std::string_view(utf8, static_cast<std::size_t>(size));
}

std::string text_with_surrogates(nb::handle str) {
  PyObject* const encoded = PyUnicode_AsEncodedString(str.ptr(), "utf-8", "surrogatepass");
  if (!encoded) nb::raise_python_error();
  const nb::object bytes = nb::steal(encoded);
  char* data = nullptr;
  Py_ssize_t size = 0;
  if (PyBytes_AsStringAndSize(encoded, &data, &size) != 0) nb::raise_python_error();
  return {data, static_cast<std::size_t>(size)};
}

nb::object make_str(std::string_view utf8) {
  const char* bytes = utf8.data();
  const auto size = static_cast<Py_ssize_t>(utf8.size());
  // Lone surrogates come back as they are; bytes that are no text at all are escaped rather than
  // lost.
  PyObject* text = PyUnicode_DecodeUTF8(bytes, size, "surrogatepass");
  if (!text) {
    PyErr_Clear();
    text = PyUnicode_DecodeUTF8(bytes, size, "surrogateescape");
  }
  if (!text) nb::raise_python_error();
  return nb::steal(text);
}

nb::object import(const char* module) {
  PyObject* imported = PyImport_ImportModule(module);
  if (!imported) nb::raise_python_error();
  return nb::steal(imported);
}

}  // namespace vdk
