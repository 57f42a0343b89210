#include "reconcile/caretaker.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "reconcile/conclusion.hpp"
#include "store/execution_store.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"

namespace vdk::service {

namespace {

constexpr std::string_view kLogger = "vdk.service.caretaker";

// The directory may be another's by now, or that of a machine of the same name.
bool is_here(const Replica& replica, const Replica& own) {
  if (replica.machine != own.machine) return false;
  try {
    const auto node = read_file_if_exists(std::filesystem::path(replica.directory) / "node");
    return node && trim(*node) == replica.node;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

Caretaker::Caretaker(Database& database, Workshop& workshop, Neighbours neighbours, Replica own,
                     std::string service_url, const Heartbeat& heartbeat)
    : database_(database),
      workshop_(workshop),
      neighbours_(std::move(neighbours)),
      own_(std::move(own)),
      service_url_(std::move(service_url)),
      heartbeat_(heartbeat) {}

void Caretaker::round() {
  if (!heartbeat_.is_alive()) return;
  const auto silent = database_.read(
      [](Connection& connection) { return silent_nodes(connection, connection.clock()); });
  const auto is_silent = [&](const std::string& node) {
    return std::ranges::find(silent, node) != silent.end();
  };
  std::erase_if(charges_, [&](const auto& charge) { return !is_silent(charge.first); });
  for (const auto& node : silent) {
    if (node != own_.node && !charges_.contains(node)) care_for(node);
  }
}

void Caretaker::care_for(const std::string& node) {
  const auto replica =
      database_.read([&](Connection& connection) { return find_replica(connection, node); });
  if (!replica || !is_here(*replica, own_)) {
    const auto open =
        database_.read([&](Connection& connection) { return open_executions(connection, node); });
    for (const auto& execution : open) give_up(execution);
    return;
  }
  try {
    auto executor = neighbours_.open(replica->directory);
    if (!executor) {
      // It is in somebody's hands, who may only be slow; what has ended is known all the same.
      read_endings(*replica, Remains::are_left);
      return;
    }
    log(LogLevel::warning, kLogger,
        fmt::format("stands in for the replica of {}, which does not answer any more",
                    replica->directory));
    auto dispatcher = std::make_unique<Dispatcher>(database_, workshop_, *executor, node,
                                                   service_url_, heartbeat_, Unowned::leave);
    charges_.emplace(node, Charge{std::move(executor), std::move(dispatcher)});
  } catch (const StoreError&) {
    throw;
  } catch (const Error& error) {
    log(LogLevel::error, kLogger,
        fmt::format("cannot stand in for the replica of {}: {}", replica->directory, error.what()));
    read_endings(*replica, Remains::are_given_up);
  }
}

void Caretaker::read_endings(const Replica& replica, Remains remains) {
  const auto open = database_.read(
      [&](Connection& connection) { return open_executions(connection, replica.node); });
  for (const auto& execution : open) {
    const auto seen = neighbours_.observe(replica.directory, execution.attempt_id());
    if (seen.ending) {
      conclude(database_, execution, *seen.ending);
    } else if (remains == Remains::are_given_up && !seen.is_at_work) {
      give_up(execution);
    }
  }
}

void Caretaker::give_up(const Execution& execution) {
  conclude(database_, execution,
           {.cause = Cause::lost,
            .time = std::chrono::system_clock::now(),
            .message = "The service that ran it does not answer any more, and nothing tells how "
                       "the run ended."});
}

}  // namespace vdk::service
