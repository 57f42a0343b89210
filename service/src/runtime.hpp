// What of the service works without being asked: it deploys, schedules, runs.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "executor/executor.hpp"
#include "reconcile/workshop.hpp"
#include "store/database.hpp"

namespace vdk::service {

// From construction to destruction. Executions at work go on without it.
class Runtime {
 public:
  // `directory` is the data directory: sources, attempts and the node's name are below it.
  Runtime(Database& database, const std::filesystem::path& directory, EnvironmentBuilder builder);
  ~Runtime();

  [[nodiscard]] Executor& executor() noexcept;
  [[nodiscard]] const std::string& node() const noexcept;

  // Begins; jobs are told to find the service at the URL.
  void start(const std::string& service_url);

  // Any thread, also before start().
  void deployments_changed();
  void executions_changed();

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace vdk::service
