#include "reconcile/dispatcher.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.hpp"
#include "config/sources.hpp"
#include "reconcile/conclusion.hpp"
#include "store/execution_store.hpp"
#include "store/job_store.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"

namespace vdk::service {

namespace {

constexpr std::size_t kStarterCount = 4;
constexpr std::chrono::seconds kCancelGrace{30};

Time to_time(TimePoint time) { return std::chrono::floor<std::chrono::microseconds>(time); }

std::vector<Variable> variables_of(Connection& connection, const std::string& job_name) {
  const auto row = connection.run(
      "SELECT team, db_default_type, enable_execution_notifications FROM job WHERE name = $1",
      {job_name});
  std::vector<Variable> variables;
  const auto& job = row.rows.at(0);
  variables.push_back({"VDK_JOB_TEAM", job[0].text()});
  if (!job[1].is_null()) variables.push_back({"VDK_DB_DEFAULT_TYPE", job[1].text()});
  if (!job[2].is_null()) {
    variables.push_back({"VDK_ENABLE_EXECUTION_NOTIFICATIONS", job[2].flag() ? "true" : "false"});
  }
  return variables;
}

// Secrets are read when a run starts: only of a job that has some.
bool has_secrets(Connection& connection, const std::string& team, const std::string& job_name) {
  return !connection
              .run("SELECT 1 FROM secret_set WHERE team = $1 AND job_name = $2", {team, job_name})
              .rows.empty();
}

// Where a job keeps its properties, or secrets, when it runs here: with the service, unless it
// names a place of its own. What a run writes into its scratch directory would be gone after it.
void add_back_end(std::vector<Variable>& variables, const vdk::JobConfig& config,
                  std::string_view kind) {
  const std::string option = fmt::format("{}_default_type", kind);
  const std::string own = lower(config.get(kMainSection, option).value_or(""));
  if (own.empty() || own == "file" || own == "memory") {
    variables.push_back({"VDK_" + upper(option), "control-service"});
  }
}

Limits limits_of(const Resources& resources) {
  Limits limits;
  if (resources.memory_limit) limits.memory_bytes = *resources.memory_limit * 1024 * 1024;
  if (resources.cpu_limit) limits.cores = *resources.cpu_limit;
  limits.time = std::chrono::hours(12);
  return limits;
}

}  // namespace

Dispatcher::Dispatcher(Database& database, Workshop& workshop, Executor& executor, std::string node,
                       std::string service_url, const Heartbeat& heartbeat, Unowned unowned)
    : database_(database),
      workshop_(workshop),
      executor_(executor),
      node_(std::move(node)),
      service_url_(std::move(service_url)),
      heartbeat_(heartbeat),
      unowned_(unowned),
      worker_("dispatcher", std::chrono::seconds(1), [this] { round(); }) {
  for (std::size_t i = 0; i < kStarterCount; ++i) starters_.emplace_back([this] { starter(); });
  executor_.watch([this](const Attempt& attempt) {
    {
      const std::lock_guard lock(mutex_);
      told_.push_back(attempt);
    }
    worker_.wake();
  });
}

Dispatcher::~Dispatcher() {
  executor_.watch({});
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_all();
  for (auto& thread : starters_) thread.join();
}

void Dispatcher::round() {
  const auto token = heartbeat_.token();
  if (token && unowned_ == Unowned::claim) claim();
  std::deque<Attempt> told;
  {
    const std::lock_guard lock(mutex_);
    told.swap(told_);
  }
  while (!told.empty()) {
    try {
      record(told.front());
    } catch (...) {
      // The database is away: nothing that was told may be forgotten.
      const std::lock_guard lock(mutex_);
      told_.insert(told_.begin(), told.begin(), told.end());
      throw;
    }
    told.pop_front();
  }
  const auto open =
      database_.read([this](Connection& connection) { return open_executions(connection, node_); });
  tell_cancellations(open);
  if (token && token != looked_over_) {
    end_disowned();
    looked_over_ = token;
  }
  // Whatever is not known to the executor was not started: a crash came between.
  const std::lock_guard lock(mutex_);
  for (const auto& execution : open) {
    if (std::ranges::find(to_start_, execution.id) != to_start_.end()) continue;
    if (executor_.find(execution.attempt_id())) continue;
    to_start_.push_back(execution.id);
  }
  changed_.notify_all();
}

void Dispatcher::claim() {
  database_.write([this](Connection& connection) {
    connection.run("UPDATE execution SET node = $1 WHERE status = 0 AND node IS NULL", {node_});
  });
}

void Dispatcher::tell_cancellations(const std::vector<Execution>& open) {
  for (const auto& execution : open) {
    if (execution.is_cancel_requested) executor_.cancel(execution.attempt_id(), kCancelGrace);
  }
}

// What was declared ended while this replica did not answer runs no longer.
void Dispatcher::end_disowned() {
  for (const auto& attempt : executor_.list()) {
    if (attempt.phase == Phase::ended) continue;
    const auto execution = database_.read(
        [&](Connection& connection) { return find_execution(connection, attempt.execution_id); });
    if (!execution || !is_final(execution->status)) continue;
    if (executor_.cancel(attempt.id, std::chrono::milliseconds(0))) {
      log(LogLevel::warning, "vdk.service.dispatcher",
          fmt::format("{} is ended: it was given up while this service did not answer",
                      attempt.id));
    }
  }
}

void Dispatcher::starter() {
  for (;;) {
    std::string id;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return is_ending_ || !to_start_.empty(); });
      if (is_ending_) return;
      id = std::move(to_start_.front());
      to_start_.pop_front();
    }
    try {
      start(id);
    } catch (const std::exception& error) {
      log(LogLevel::error, "vdk.service.dispatcher", fmt::format("{}: {}", id, error.what()));
    }
  }
}

void Dispatcher::start(const std::string& id) {
  std::vector<Variable> variables;
  bool with_secrets = false;
  bool waits = false;
  const auto execution = database_.read([&](Connection& connection) {
    auto found = find_execution(connection, id);
    if (found) {
      variables = variables_of(connection, found->job_name);
      with_secrets = has_secrets(connection, variables.front().value, found->job_name);
      waits = waits_for_another(connection, *found);
    }
    return found;
  });
  const std::string team = variables.empty() ? std::string() : variables.front().value;
  variables.push_back({"VDK_CONTROL_SERVICE_REST_API_URL", service_url_});
  if (!execution || is_final(execution->status) || execution->node != node_ ||
      executor_.find(execution->attempt_id())) {
    return;
  }
  Ending nothing{.cause = Cause::not_started, .time = std::chrono::system_clock::now()};
  if (execution->is_cancel_requested) {
    nothing.cause = Cause::cancelled;
    conclude(database_, *execution, nothing);
    return;
  }
  if (execution->status == ExecutionStatus::running) {
    nothing.cause = Cause::lost;
    nothing.message = "The run is no longer there, and nothing tells how it ended.";
    conclude(database_, *execution, nothing);
    return;
  }
  if (waits) return;  // the next round asks again
  try {
    const auto artifact =
        workshop_.provide(execution->job_name, execution->job_version.value_or(""),
                          execution->python_version.value_or(""), [](std::string_view) {});
    const vdk::JobConfig config(artifact.job);
    add_back_end(variables, config, "properties");
    if (with_secrets) add_back_end(variables, config, "secrets");
    // Others may have given it up; the next round looks again.
    if (!heartbeat_.is_alive()) return;
    executor_.start({.attempt_id = execution->attempt_id(),
                     .execution_id = execution->id,
                     .op_id = execution->op_id,
                     .job_name = execution->job_name,
                     .team = team,
                     .version = execution->job_version.value_or(""),
                     .artifact = artifact,
                     .arguments = execution->arguments.value_or(""),
                     .variables = std::move(variables),
                     .limits = limits_of(execution->resources)});
  } catch (const Error& error) {
    nothing.message = error.text().what + " " + error.text().why;
    conclude(database_, *execution, nothing);
  }
}

void Dispatcher::record(const Attempt& attempt) {
  if (attempt.phase == Phase::running) {
    database_.write([&](Connection& connection) {
      mark_running(connection, attempt.execution_id, to_time(attempt.started));
    });
    return;
  }
  if (attempt.phase != Phase::ended || !attempt.ending) return;
  const auto execution = database_.read(
      [&](Connection& connection) { return find_execution(connection, attempt.execution_id); });
  // Of a job that was deleted, of a former attempt, or told before.
  if (!execution || is_final(execution->status) || execution->attempt_id() != attempt.id) return;
  conclude(database_, *execution, *attempt.ending);
}

}  // namespace vdk::service
