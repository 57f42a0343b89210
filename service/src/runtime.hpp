// What of the service works without being asked: it deploys, schedules, runs.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "executor/executor.hpp"
#include "reconcile/deployment_check.hpp"
#include "reconcile/janitor.hpp"
#include "reconcile/workshop.hpp"
#include "source/git_mirror.hpp"
#include "store/database.hpp"

namespace vdk::service {

struct RuntimeSettings {
  std::filesystem::path directory;  // the data directory: sources, attempts and the node's name
  // How long the leader may be silent before another replica leads.
  std::chrono::seconds leader_lease{15};
  // How long a replica may be silent before others decide about its executions.
  std::chrono::seconds replica_lease{60};
  Retention retention{};
  DeploymentCheck check{};
  std::optional<MirrorPlace> mirror{};  // none: sources are not mirrored
};

// From construction to destruction. Executions at work go on without it.
class Runtime {
 public:
  Runtime(Database& database, RuntimeSettings settings, EnvironmentBuilder builder);
  ~Runtime();

  [[nodiscard]] Executor& executor() noexcept;
  [[nodiscard]] const std::string& node() const noexcept;

  // Begins; jobs are told to find the service at the URL.
  void start(const std::string& service_url);

  // Any thread, also before start().
  void deployments_changed();
  void executions_changed();
  void sources_changed();

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace vdk::service
