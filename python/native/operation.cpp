#include "operation.hpp"

#include "python_error.hpp"

namespace vdk {

namespace {

std::string text_form(nb::handle operation) {
  if (PyUnicode_Check(operation.ptr())) return std::string(text_of(operation));
  return std::string(text_of(nb::object(nb::str(operation))));
}

std::string text_of_operation(nb::handle managed, const char* getter) {
  return text_form(nb::object(managed.attr(getter)()));
}

class PythonSteps final : public OperationSteps {
 public:
  PythonSteps(nb::handle steps, nb::handle log, const std::string& job_directory)
      : steps_(steps), log_(log), job_directory_(job_directory) {}

  void validate(ManagedOperation& operation) override { call("validate", operation); }
  void decorate(ManagedOperation& operation) override { call("decorate", operation); }
  void execute(ManagedOperation& operation) override { call("execute", operation); }
  void after(ManagedOperation& operation) override { call("after", operation); }

  bool recover(ManagedOperation& operation, const std::exception_ptr& failure) override {
    return call_python(job_directory_, [&] {
      const nb::object error = to_python_exception(failure);
      // The end of the program is no failure of the statement.
      if (!PyErr_GivenExceptionMatches(error.ptr(), PyExc_Exception)) return false;
      auto& python = static_cast<PythonOperation&>(operation);
      python.push();
      return nb::cast<bool>(steps_.attr("recover")(error));
    });
  }

  void report(LogLevel level, std::string_view message) override {
    if (log_.is_none()) return OperationSteps::report(level, message);
    call_python(job_directory_, [&] {
      const char* method = level == LogLevel::debug  ? "debug"
                           : level == LogLevel::info ? "info"
                                                     : "error";
      log_.attr(method)(make_str(message));  // without arguments, % is a percent sign
    });
  }

 private:
  void call(const char* step, ManagedOperation& operation) {
    call_python(job_directory_, [&] {
      auto& python = static_cast<PythonOperation&>(operation);
      python.push();
      steps_.attr(step)();
      python.pull();
    });
  }

  nb::handle steps_;
  nb::handle log_;
  const std::string& job_directory_;
};

// Calls the relay's hook where somebody implements it.
template <class Call>
void call_hook(nb::handle relay, const char* name, Call&& call) {
  call_python({}, [&] {
    const nb::object hook = relay.attr(name);
    if (nb::cast<bool>(nb::bool_(nb::object(hook.attr("get_hookimpls")())))) call(hook);
  });
}

}  // namespace

PythonOperation::PythonOperation(nb::object operation)
    : ManagedOperation(text_of_operation(operation, "get_initial_operation")),
      operation_(operation),
      is_text_(PyUnicode_Check(nb::object(operation.attr("get_operation")()).ptr()) != 0) {
  pull();
}

std::unique_ptr<ManagedOperation> PythonOperation::initial() const {
  return call_python({}, [&] {
    const nb::handle own = operation_.get();
    return std::make_unique<PythonOperation>(
        own.type()(own.attr("get_initial_operation")(), own.attr("get_initial_parameters")()));
  });
}

void PythonOperation::push() const {
  if (is_text_ && text_of_operation(operation_.get(), "get_operation") != operation()) {
    operation_.get().attr("set_operation")(make_str(operation()));
  }
}

void PythonOperation::pull() {
  set_operation(text_of_operation(operation_.get(), "get_operation"));
}

void run_python_operation(HookDispatcher& hooks, nb::handle operation, nb::handle steps,
                          nb::handle log, const std::string& job_directory) {
  const auto managed = call_python(
      job_directory, [&] { return std::make_unique<PythonOperation>(nb::borrow(operation)); });
  PythonSteps python_steps(steps, log, job_directory);
  run_operation(hooks, *managed, python_steps);
}

void run_with_relay(nb::handle relay, nb::handle operation, nb::handle steps, nb::handle log) {
  HookDispatcher hooks;
  if (!relay.is_none()) {
    hooks.db_connection_validate_operation.set_caller([relay](const ManagedOperation& managed) {
      call_hook(relay, "db_connection_validate_operation", [&](nb::handle hook) {
        const nb::handle own = static_cast<const PythonOperation&>(managed).object();
        hook(nb::arg("operation") = own.attr("get_initial_operation")(),
             nb::arg("parameters") = own.attr("get_initial_parameters")());
      });
      return std::vector<NoResult>{};
    });
    hooks.db_connection_before_operation.set_caller([relay](ManagedOperation& managed) {
      call_hook(relay, "db_connection_before_operation", [&](nb::handle hook) {
        auto& python = static_cast<PythonOperation&>(managed);
        hook(nb::arg("operation") = python.object());
        python.pull();
      });
      return std::vector<NoResult>{};
    });
    hooks.db_connection_on_operation_failure.set_caller(
        [relay](ManagedOperation& managed, const Error& error) {
          call_hook(relay, "db_connection_on_operation_failure", [&](nb::handle hook) {
            auto& python = static_cast<PythonOperation&>(managed);
            hook(nb::arg("operation") = python.object(),
                 nb::arg("exception") = to_python_exception(error));
            python.pull();
          });
          return std::vector<NoResult>{};
        });
  }
  const nb::gil_scoped_release unlocked;
  run_python_operation(hooks, operation, steps, log, {});
}

}  // namespace vdk
