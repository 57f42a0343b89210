#include "runtime.hpp"

#include <optional>

#include <fmt/format.h>

#include "base/file.hpp"
#include "base/ids.hpp"
#include "base/text.hpp"
#include "executor/process_executor.hpp"
#include "reconcile/dispatcher.hpp"
#include "reconcile/schedule_database.hpp"
#include "reconcile/synchronizer.hpp"
#include "schedule/scheduler_thread.hpp"
#include "vdk/base/log.hpp"

namespace vdk::service {

namespace {

constexpr std::chrono::seconds scheduler_lease_time{15};

// The name of the executor that is below the directory: whatever starts there again owns what it
// left running.
std::string provide_node(const std::filesystem::path& file) {
  if (const auto text = read_file_if_exists(file)) return std::string(trim(*text));
  auto node = make_uuid4();
  write_file_atomic(file, node + '\n', Access::owner_only);
  return node;
}

// The program's own place: bin/, with lib/ beside it.
std::filesystem::path program_directory() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

ProcessExecutorSettings executor_settings(const std::filesystem::path& directory) {
  const auto bin = program_directory();
  return {.directory = directory / "attempts",
          .supervisor = bin.parent_path() / "lib" / "vdk" / "vdk-supervisor",
          .vdk = bin / "vdk"};
}

class Observer : public SchedulerObserver {
 public:
  explicit Observer(std::function<void()> started) : started_(std::move(started)) {}
  void became_scheduler(FencingToken token, std::size_t schedules) override {
    log(LogLevel::info, "vdk.service.schedule",
        fmt::format("schedules from now on ({} schedules, token {})", schedules, token.value));
  }
  void stands_by() override {
    log(LogLevel::info, "vdk.service.schedule", "another replica schedules; stands by");
  }
  void fired(const Fire& fire, FireResult result, std::chrono::nanoseconds) override {
    if (result == FireResult::started) started_();
    if (result == FireResult::overlapped) {
      log(LogLevel::info, "vdk.service.schedule",
          fmt::format("{}: a time is passed over, because an execution is at work",
                      fire.deployment));
    }
  }
  void missed(const std::string& deployment, std::chrono::sys_seconds, std::chrono::sys_seconds,
              unsigned count) override {
    log(LogLevel::warning, "vdk.service.schedule",
        fmt::format("{}: {} scheduled times were missed", deployment, count));
  }
  void failed(const std::exception& error, std::chrono::nanoseconds) override {
    log(LogLevel::error, "vdk.service.schedule", std::string("will try again: ") + error.what());
  }

 private:
  const std::function<void()> started_;
};

}  // namespace

class Runtime::Parts {
 public:
  Parts(Database& database, const std::filesystem::path& directory, EnvironmentBuilder builder)
      : database_(database),
        node_(provide_node(directory / "node")),
        workshop_(database, directory / "jobs", std::move(builder)),
        executor_(executor_settings(directory)),
        leases_(database),
        fires_(database),
        observer_([this] { executions_changed(); }),
        lease_(leases_, clock_, scheduler_lease, node_ + " " + make_uuid4(), scheduler_lease_time),
        scheduler_(fires_, lease_, clock_, observer_) {}

  void start(const std::string& service_url) {
    dispatcher_.emplace(database_, workshop_, executor_, node_, service_url);
    scheduler_thread_.emplace(scheduler_, lease_);
    synchronizer_.emplace(database_, workshop_, [this] { schedules_changed(); });
    is_started_ = true;
  }

  void schedules_changed() {
    if (is_started_) scheduler_thread_->wake();
  }
  void deployments_changed() {
    if (!is_started_) return;
    synchronizer_->wake();
    scheduler_thread_->wake();
  }
  void executions_changed() {
    if (is_started_) dispatcher_->wake();
  }

  Executor& executor() noexcept { return executor_; }
  const std::string& node() const noexcept { return node_; }

 private:
  Database& database_;
  const std::string node_;
  Workshop workshop_;
  ProcessExecutor executor_;
  DatabaseLeaseStore leases_;
  DatabaseFireStore fires_;
  SystemClock clock_;
  Observer observer_;
  Lease lease_;
  Scheduler scheduler_;
  std::atomic<bool> is_started_ = false;
  // Ended in the reverse order: nothing is deployed, then nothing fires, then nothing starts.
  std::optional<Dispatcher> dispatcher_;
  std::optional<SchedulerThread> scheduler_thread_;
  std::optional<Synchronizer> synchronizer_;
};

Runtime::Runtime(Database& database, const std::filesystem::path& directory,
                 EnvironmentBuilder builder)
    : parts_(std::make_unique<Parts>(database, directory, std::move(builder))) {}

Runtime::~Runtime() = default;

Executor& Runtime::executor() noexcept { return parts_->executor(); }
const std::string& Runtime::node() const noexcept { return parts_->node(); }
void Runtime::start(const std::string& service_url) { parts_->start(service_url); }
void Runtime::deployments_changed() { parts_->deployments_changed(); }
void Runtime::executions_changed() { parts_->executions_changed(); }

}  // namespace vdk::service
