// One statement on its way through the life cycle of a managed connection.
#pragma once

#include <exception>
#include <functional>
#include <string>
#include <string_view>

#include "vdk/base/export.hpp"

namespace vdk {

class HookDispatcher;

class VDK_API ManagedOperation {
 public:
  explicit ManagedOperation(std::string operation)
      : initial_(operation), operation_(std::move(operation)) {}
  [[nodiscard]] const std::string& initial_operation() const noexcept { return initial_; }
  [[nodiscard]] const std::string& operation() const noexcept { return operation_; }
  void set_operation(std::string operation) { operation_ = std::move(operation); }

 private:
  std::string initial_;
  std::string operation_;
};

// The life cycle of one statement (specification: sdk 5.4): validate, before, execute, and on
// failure `before` once more, `on failure`, recover. Errors pass through unchanged. `execute` gets
// the decorated operation; `recover` may be empty, else says whether it recovered.
VDK_API void run_operation(
    HookDispatcher& hooks, ManagedOperation& operation,
    const std::function<void(ManagedOperation&)>& execute,
    const std::function<bool(ManagedOperation&, const std::exception_ptr&)>& recover = {});

}  // namespace vdk
