// What every source of the Python host includes: nanobind, and owned references that may travel
// between threads.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <nanobind/nanobind.h>

namespace vdk {

namespace nb = nanobind;

// A Python object that threads without the interpreter lock may hold and drop: the lock is taken to
// let it go.
class SharedObject {
 public:
  SharedObject() = default;
  explicit SharedObject(nb::object object) : object_(std::move(object)) {}
  SharedObject(const SharedObject& other);
  SharedObject(SharedObject&&) noexcept = default;
  SharedObject& operator=(SharedObject other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~SharedObject();

  [[nodiscard]] nb::handle get() const noexcept { return object_; }

 private:
  nb::object object_;
};

// The UTF-8 text of a str, valid as long as the object. Throws what Python raises for lone
// surrogates.
[[nodiscard]] std::string_view text_of(nb::handle str);
// The same; nothing where it has lone surrogates, which UTF-8 has no form for.
[[nodiscard]] std::optional<std::string_view> utf8_of(nb::handle str);
// With each lone surrogate as the three bytes of its code.
[[nodiscard]] std::string text_with_surrogates(nb::handle str);

// The name of the object's class.
[[nodiscard]] std::string class_name(nb::handle object);

[[nodiscard]] nb::object make_str(std::string_view utf8);

// The module, imported once and kept by the interpreter.
[[nodiscard]] nb::object import(const char* module);

}  // namespace vdk
