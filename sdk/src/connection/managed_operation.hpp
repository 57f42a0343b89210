// The life of one statement (specification: sdk 5.4).
#pragma once

#include <exception>
#include <string_view>

#include "vdk/base/export.hpp"
#include "vdk/base/log.hpp"
#include "vdk/connection/managed_operation.hpp"

namespace vdk {

class HookDispatcher;

// What one kind of connection does in the life of a statement. Called once each, in this order, but
// for `recover`, which is called after a failure of `execute`.
class VDK_API OperationSteps {
 public:
  virtual ~OperationSteps();
  virtual void validate(ManagedOperation& operation);
  virtual void decorate(ManagedOperation& operation);
  virtual void execute(ManagedOperation& operation) = 0;
  // After success, recovery included. What it throws is reported and makes no failure.
  virtual void after(ManagedOperation& operation);
  // Whether the statement was saved. Throws what else went wrong.
  virtual bool recover(ManagedOperation& operation, const std::exception_ptr& failure);
  // Where the life of the statement is told; the log unless it says otherwise.
  virtual void report(LogLevel level, std::string_view message);
};

// Hooks validate, then the connection; `before` hooks decorate, then the connection; it is
// executed; the connection's `after`. A failure of the execution is told to the `before` hooks once
// more (existing plugins count on it; what they do to the statement then goes nowhere, for it was
// decorated already) and to the failure hooks, then the connection may recover. Exceptions pass
// through unchanged; the end of a run is neither told nor recovered.
VDK_API void run_operation(HookDispatcher& hooks, ManagedOperation& operation,
                           OperationSteps& steps);

}  // namespace vdk
