#include "python_error.hpp"

#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include "run_settings.hpp"
#include "signals.hpp"

namespace vdk {

namespace {

// An exception that cannot even describe itself is still reported by its class.
PythonError::Description bare_description(nb::handle exception) {
  return {.type_name = class_name(exception),
          .message = "The exception could not be turned into text.",
          .locations = {}};
}

ResolvableBy parse_resolvable_by(std::string_view text) {
  if (text == to_string(ResolvableBy::platform)) return ResolvableBy::platform;
  if (text == to_string(ResolvableBy::configuration)) return ResolvableBy::configuration;
  return ResolvableBy::user;
}

// What our own connections note of a statement that failed.
std::optional<TextPlace> place_in(nb::handle exception) {
  const nb::object noted = nb::getattr(exception, "_vdk_place", nb::none());
  if (noted.is_none()) return std::nullopt;
  const auto [text, before] = nb::cast<std::tuple<nb::object, nb::object>>(noted);
  return TextPlace{std::string(text_of(text)), text_of(before).size()};
}

PythonError::Description describe(nb::handle exception, const std::string& job_directory) {
  try {
    const auto [type_name, message, locations, resolvable_by] =
        nb::cast<std::tuple<std::string, std::string, std::vector<std::string>, std::string>>(
            import("vdk.host.failure")
                .attr("describe")(exception, make_str(job_directory),
                                  make_str(run_settings().error_format)));
    return {type_name, message, locations, parse_resolvable_by(resolvable_by), place_in(exception)};
  } catch (nb::python_error&) {
    return bare_description(exception);
  } catch (const std::bad_cast&) {
    return bare_description(exception);
  }
}

[[noreturn]] void throw_exit(nb::handle exception) {
  const nb::object code = nb::getattr(exception, "code");
  if (code.is_none() || PyLong_Check(code.ptr())) {
    const long status = code.is_none() ? 0 : PyLong_AsLong(code.ptr());
    PyErr_Clear();
    ErrorText text{.what = "The step called sys.exit(" +
                           (code.is_none() ? std::string() : nb::cast<std::string>(nb::str(code))) +
                           ")."};
    if (status == 0) {
      text.why = "That ends the process, not the step: the remaining steps did not run.";
      text.countermeasure =
          "To end the job successfully at once, call job_input.skip_remaining_steps(); to end a "
          "step, "
          "return from run.";
    }
    throw ExitRequested(static_cast<int>(status & 0xFF), std::move(text));
  }
  throw ExitRequested(
      1, {.what = "The step called sys.exit: " + nb::cast<std::string>(nb::str(code))});
}

bool is_instance(nb::handle exception, PyObject* type) {
  return PyErr_GivenExceptionMatches(exception.ptr(), type) != 0;
}

// The class of our own errors module, or null where nobody imported it yet (then no instance can
// exist).
nb::object loaded_error_class(const char* name) {
  const nb::object modules = nb::getattr(nb::module_::import_("sys"), "modules");
  const nb::object errors = modules.attr("get")("vdk.internal.core.errors");
  return errors.is_none() ? nb::object() : nb::getattr(errors, name, nb::object());
}

}  // namespace

PythonError::PythonError(Description description, SharedObject exception)
    : Error(description.resolvable_by, {.what = std::move(description.message)}),
      type_name_(std::move(description.type_name)),
      exception_(std::move(exception)) {
  for (std::string& location : description.locations) add_location(std::move(location));
  if (description.place) set_place(std::move(*description.place));
}

void throw_to_core(nb::python_error& error, const std::string& job_directory) {
  const nb::object exception = nb::borrow(error.value());
  const nb::object skip = loaded_error_class("SkipRemainingStepsException");
  if (skip.is_valid() && is_instance(exception, skip.ptr())) {
    throw SkipRemainingSteps(nb::cast<std::string>(nb::str(exception)));
  }
  if (const int signal = take_raised_signal(exception)) throw Cancelled(signal);
  if (is_instance(exception, PyExc_SystemExit)) throw_exit(exception);
  throw PythonError(describe(exception, job_directory), SharedObject(exception));
}

nb::object to_python_exception(const Error& error) {
  if (const auto* python = dynamic_cast<const PythonError*>(&error)) {
    return nb::borrow(python->exception());
  }
  if (const auto* exit = dynamic_cast<const ExitRequested*>(&error)) {
    return nb::borrow(PyExc_SystemExit)(exit->code());
  }
  if (const auto* cancelled = dynamic_cast<const Cancelled*>(&error)) {
    return nb::borrow(PyExc_SystemExit)(cancelled->exit_code());
  }
  const ErrorText& text = error.text();
  return import("vdk.internal.core.errors")
      .attr("from_core")(make_str(error.type_name()), make_str(to_string(error.resolvable_by())),
                         make_str(text.what), make_str(text.why), make_str(text.consequence),
                         make_str(text.countermeasure));
}

nb::object to_python_exception(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const Error& own) {
    return to_python_exception(own);
  } catch (const nb::python_error& python) {
    return nb::borrow(python.value());
  } catch (const SkipRemainingSteps& skip) {
    return import("vdk.internal.core.errors")
        .attr("SkipRemainingStepsException")(make_str(skip.what()));
  } catch (const std::bad_alloc&) {
    return nb::borrow(PyExc_MemoryError)();
  } catch (const std::exception& other) {
    return import("vdk.internal.core.errors").attr("PlatformServiceError")(make_str(other.what()));
  }
}

void raise_in_python(const std::exception_ptr& error) noexcept {
  try {
    const nb::object exception = to_python_exception(error);
    PyErr_SetObject(exception.type().ptr(), exception.ptr());
  } catch (nb::python_error& failure) {
    failure.restore();
  }
}

void register_error_translator() {
  nb::register_exception_translator([](const std::exception_ptr& error, void*) {
    try {
      std::rethrow_exception(error);
    } catch (const Error&) {
      raise_in_python(error);
    } catch (const SkipRemainingSteps&) {
      raise_in_python(error);
    }
  });
}

}  // namespace vdk
