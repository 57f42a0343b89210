#include "reconcile/synchronizer.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "reconcile/lease_database.hpp"
#include "reconcile/schedule_options.hpp"
#include "schedule/cron.hpp"
#include "store/deployment_store.hpp"
#include "store/job_store.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"

namespace vdk::service {

namespace {

constexpr std::size_t kDeploymentsAtATime = 4;
constexpr std::size_t kLogSize = 256 * 1024;
constexpr std::chrono::seconds kLongestPause{300};

struct Order {
  Deployment deployment;
  std::optional<std::string> schedule;  // of the job's configuration
};

std::optional<Order> take_order(Database& database, const std::string& job_name,
                                FencingToken token) {
  return database.write([&](Connection& connection) -> std::optional<Order> {
    require_leader(connection, token);
    auto deployment = find_deployment(connection, job_name);
    if (!deployment) return std::nullopt;
    const auto job = connection.run("SELECT schedule FROM job WHERE name = $1", {job_name});
    if (job.rows.empty()) return std::nullopt;
    put_deployment_state(connection, job_name, deployment->generation, DeploymentState::building,
                         std::nullopt, std::nullopt);
    return Order{std::move(*deployment), job.rows.front()[0].text_if()};
  });
}

std::string sentence(const ErrorText& text) {
  std::string all = text.what;
  for (const auto& part : {text.why, text.countermeasure}) {
    if (!part.empty()) all += ' ' + part;
  }
  return redact(all);
}

}  // namespace

Synchronizer::Synchronizer(Database& database, Workshop& workshop, const Leadership& leadership,
                           DeploymentCheck check, std::function<void()> schedules_changed)
    : database_(database),
      workshop_(workshop),
      leadership_(leadership),
      check_(std::move(check)),
      schedules_changed_(std::move(schedules_changed)),
      worker_("synchronizer", std::chrono::seconds(1), [this] { round(); }) {}

Synchronizer::~Synchronizer() {
  // A deployment at work is finished, and no other begins.
  std::map<std::string, std::thread> left;
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
    left.swap(at_work_);
  }
  for (auto& [name, thread] : left) thread.join();
}

void Synchronizer::round() {
  const auto token = leadership_.token();
  std::vector<OpenDeployment> open;
  if (token) {
    open = database_.read([](Connection& connection) { return open_deployments(connection); });
  }
  const std::lock_guard lock(mutex_);
  for (const auto& name : done_) {
    if (const auto found = at_work_.find(name); found != at_work_.end()) {
      found->second.join();
      at_work_.erase(found);
    }
  }
  done_.clear();
  if (is_ending_) return;
  std::erase_if(retries_, [&](const auto& retry) {
    return std::ranges::find(open, retry.first, &OpenDeployment::job_name) == open.end();
  });
  for (const auto& deployment : open) {
    const auto& name = deployment.job_name;
    if (at_work_.size() >= kDeploymentsAtATime) break;
    if (at_work_.contains(name) || !is_due(deployment)) continue;
    at_work_.emplace(name, std::thread([this, name, token] {
                       try {
                         deploy(name, *token);
                       } catch (const Fenced&) {
                         // Whoever leads now does it.
                       } catch (const std::exception& error) {
                         log(LogLevel::error, "vdk.service.synchronizer",
                             fmt::format("{}: {}", name, error.what()));
                       }
                       {
                         const std::lock_guard done(mutex_);
                         done_.push_back(name);
                       }
                       worker_.wake();
                     }));
  }
}

bool Synchronizer::is_due(const OpenDeployment& deployment) {
  if (!deployment.has_failed) return true;
  const auto now = std::chrono::steady_clock::now();
  auto& retry = retries_[deployment.job_name];
  if (retry.generation != deployment.generation) {
    retry = {.generation = deployment.generation, .next = now + Retry{}.pause};
  }
  if (now < retry.next) return false;
  retry.pause = std::min(2 * retry.pause, kLongestPause);
  retry.next = now + retry.pause;
  return true;
}

void Synchronizer::deploy(const std::string& job_name, FencingToken token) {
  const auto order = take_order(database_, job_name, token);
  if (!order) return;
  const auto& desired = order->deployment.desired;
  const auto generation = order->deployment.generation;
  std::string build_log;
  const auto keep = [&](std::string_view line) {
    if (build_log.size() < kLogSize) build_log += redact(line) + '\n';
  };
  const auto fail = [&](DeploymentState state, const std::string& message) {
    log(LogLevel::warning, "vdk.service.synchronizer", fmt::format("{}: {}", job_name, message));
    database_.write([&](Connection& connection) {
      require_leader(connection, token);
      put_deployment_state(connection, job_name, generation, state, message, build_log);
    });
  };
  try {
    if (!desired.version) {
      throw user_error({.what = fmt::format("The job '{}' has no sources.", job_name),
                        .why = "None were uploaded, and the deployment names no version."});
    }
    const auto schedule = desired.schedule ? desired.schedule : order->schedule;
    if (schedule && !schedule->empty()) static_cast<void>(Cron::parse(*schedule));
    const auto python = desired.python_version.value_or("");
    const auto artifact = workshop_.provide(job_name, *desired.version, python, keep);
    const auto settings = schedule_settings_of(vdk::JobConfig(artifact.job));
    ask_check(check_,
              {.job_name = job_name,
               .version = *desired.version,
               .python_version = python,
               .artifact = artifact},
              keep);
    const ActualDeployment actual{.version = *desired.version,
                                  .python_version = python,
                                  .vdk_version = desired.vdk_version,
                                  .schedule = schedule,
                                  .schedule_settings = settings,
                                  .resources = desired.resources,
                                  .environment = artifact.environment,
                                  .deployed_by = desired.requested_by,
                                  .deployed_at = now()};
    const bool is_done = database_.write([&](Connection& connection) {
      require_leader(connection, token);
      return complete_deployment(connection, job_name, generation, actual, build_log);
    });
    if (is_done) {
      log(LogLevel::info, "vdk.service.synchronizer",
          fmt::format("{} is deployed, version {}", job_name, actual.version));
    }
    schedules_changed_();
  } catch (const Error& error) {
    fail(error.resolvable_by() == ResolvableBy::platform ? DeploymentState::platform_error
                                                         : DeploymentState::user_error,
         sentence(error.text()));
  } catch (const StoreError&) {
    throw;  // nothing could be written down: the next round begins again
  } catch (const Fenced&) {
    throw;
  } catch (const std::exception& error) {
    fail(DeploymentState::platform_error, redact(error.what()));
  }
}

}  // namespace vdk::service
