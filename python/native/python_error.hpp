// Exceptions on their way between Python and the core: each side sees its own kind, and an
// exception that comes back is the very object that left.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "python.hpp"
#include "vdk/base/error.hpp"

namespace vdk {

// A Python exception inside the core.
class PythonError : public Error {
 public:
  struct Description {
    std::string type_name;
    std::string message;
    std::vector<std::string> locations;
    ResolvableBy resolvable_by = ResolvableBy::user;
    std::optional<TextPlace> place{};
  };
  PythonError(Description description, SharedObject exception);

  [[nodiscard]] std::string type_name() const override { return type_name_; }
  [[nodiscard]] nb::handle exception() const noexcept { return exception_.get(); }

 private:
  std::string type_name_;
  SharedObject exception_;
};

// Throws what the Python exception is to the core: SkipRemainingSteps, ExitRequested, Cancelled or
// PythonError. `job_directory` tells the user's own files. Needs the interpreter lock.
[[noreturn]] void throw_to_core(nb::python_error& error, const std::string& job_directory);

// The Python exception for any exception of the core; the original one where it came from Python.
// Needs the interpreter lock.
[[nodiscard]] nb::object to_python_exception(const std::exception_ptr& error);

[[nodiscard]] nb::object to_python_exception(const Error& error);

// Sets the error indicator to that exception.
void raise_in_python(const std::exception_ptr& error) noexcept;

// Lets exceptions of the core leave functions of the extension module.
void register_error_translator();

// Runs a Python callback of the core: takes the interpreter lock for exactly the call and turns
// exceptions around.
template <class Call>
auto call_python(const std::string& job_directory, Call&& call) -> decltype(call()) {
  const nb::gil_scoped_acquire lock;
  try {
    return call();
  } catch (nb::python_error& error) {
    throw_to_core(error, job_directory);
  }
}

}  // namespace vdk
