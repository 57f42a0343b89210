// One statement on its way through the life cycle of a managed connection, as hooks see it.
#pragma once

#include <memory>
#include <string>

#include "vdk/base/export.hpp"

namespace vdk {

class VDK_API ManagedOperation {
 public:
  explicit ManagedOperation(std::string operation)
      : initial_(operation), operation_(std::move(operation)) {}
  virtual ~ManagedOperation();

  [[nodiscard]] const std::string& initial_operation() const noexcept { return initial_; }
  [[nodiscard]] const std::string& operation() const noexcept { return operation_; }
  void set_operation(std::string operation) { operation_ = std::move(operation); }

  // The statement as it came, before anybody changed it.
  [[nodiscard]] virtual std::unique_ptr<ManagedOperation> initial() const;

 protected:
  ManagedOperation(const ManagedOperation&) = default;
  ManagedOperation& operator=(const ManagedOperation&) = default;

 private:
  std::string initial_;
  std::string operation_;
};

}  // namespace vdk
