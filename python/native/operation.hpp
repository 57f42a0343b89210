// Statements of Python connections on their way through the core's life cycle.
#pragma once

#include <memory>
#include <string>

#include "connection/managed_operation.hpp"
#include "python.hpp"
#include "vdk/hooks/hooks.hpp"

namespace vdk {

// A ManagedOperation of Python. Both sides see the same text; parameters are Python's alone, and a
// statement that is no str (a driver's own class) shows the hooks its str() and stays what it is.
class PythonOperation final : public ManagedOperation {
 public:
  // Needs the interpreter lock, as push() and pull() do.
  explicit PythonOperation(nb::object operation);

  [[nodiscard]] nb::handle object() const noexcept { return operation_.get(); }
  [[nodiscard]] std::unique_ptr<ManagedOperation> initial() const override;

  // Around Python code that sees the object: hands the text over, and takes what became of it.
  void push() const;
  void pull();

 private:
  SharedObject operation_;
  bool is_text_;
};

// Runs a statement's life with `steps`, a Python object with validate, decorate, execute, after and
// recover. `log` is a logger of Python, or None for the core's log. Needs no interpreter lock.
void run_python_operation(HookDispatcher& hooks, nb::handle operation, nb::handle steps,
                          nb::handle log, const std::string& job_directory);

// The same with the hooks of a relay of Python's plugin manager (None: no hooks), outside of a run.
// Needs the interpreter lock.
void run_with_relay(nb::handle relay, nb::handle operation, nb::handle steps, nb::handle log);

}  // namespace vdk
