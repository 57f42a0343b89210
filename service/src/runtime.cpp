#include "runtime.hpp"

#include <unistd.h>

#include <array>
#include <optional>

#include <fmt/format.h>

#include "base/file.hpp"
#include "base/ids.hpp"
#include "base/text.hpp"
#include "executor/process_executor.hpp"
#include "reconcile/caretaker.hpp"
#include "reconcile/dispatcher.hpp"
#include "reconcile/heartbeat.hpp"
#include "reconcile/leadership.hpp"
#include "reconcile/lease_database.hpp"
#include "reconcile/mirror.hpp"
#include "reconcile/schedule_database.hpp"
#include "reconcile/synchronizer.hpp"
#include "reconcile/worker.hpp"
#include "schedule/scheduler_thread.hpp"
#include "store/replica_store.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"

namespace vdk::service {

namespace {

// A replica that stands in for this one gives its executor back within a moment.
constexpr std::chrono::seconds kHandOver{20};

// The name of the executor that is below the directory: whatever starts there again owns what it
// left running.
std::string provide_node(const std::filesystem::path& file) {
  const auto text = read_file_if_exists(file);
  if (!text) {
    auto node = make_uuid4();
    write_file_atomic(file, node + '\n', Access::owner_only);
    return node;
  }
  const auto node = trim(*text);
  if (node.size() == 36 && node.find_first_not_of("0123456789abcdef-") == std::string_view::npos) {
    return std::string(node);
  }
  throw configuration_error(
      {.what = fmt::format("The file '{}' is damaged.", file.string()),
       .why = "It has to hold the name of this service's executor, and holds something else.",
       .consequence = "The service does not start: it would not know which executions are its.",
       .countermeasure = "Put back a copy of it. Without one remove it; what ran here is then "
                         "taken for lost."});
}

// The program's own place: bin/, with lib/ beside it.
std::filesystem::path program_directory() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

ProcessExecutorSettings executor_settings(const std::filesystem::path& directory) {
  const auto bin = program_directory();
  return {.directory = directory / "attempts",
          .supervisor = bin.parent_path() / "lib" / "vdk" / "vdk-supervisor",
          .vdk = bin / "vdk",
          .patience = kHandOver};
}

// Says which machine it is as far as replicas tell each other: a name may be given twice, and so
// may the number of a copied machine.
std::string name_machine() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  const auto id = read_file_if_exists("/etc/machine-id").value_or("");
  return fmt::format("{} {}", host.data(), trim(id));
}

Neighbours neighbours_here() {
  return {.open = [](const std::filesystem::path& directory) -> std::unique_ptr<Executor> {
            auto settings = executor_settings(directory);
            if (ProcessExecutor::is_in_use(settings.directory)) return nullptr;
            settings.patience = {};
            return std::make_unique<ProcessExecutor>(std::move(settings));
          },
          .observe =
              [](const std::filesystem::path& directory, const std::string& attempt_id) {
                return observe_attempt(executor_settings(directory).directory, attempt_id);
              }};
}

class Observer : public SchedulerObserver {
 public:
  Observer(Leadership& leadership, std::function<void()> started)
      : leadership_(leadership), started_(std::move(started)) {}
  void became_scheduler(FencingToken token, std::size_t schedules) override {
    leadership_.set(token);
    log(LogLevel::info, "vdk.service.schedule",
        fmt::format("leads from now on ({} schedules, token {})", schedules, token.value));
  }
  void stands_by() override {
    leadership_.set(std::nullopt);
    log(LogLevel::info, "vdk.service.schedule", "leads no more; stands by");
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
  Leadership& leadership_;
  const std::function<void()> started_;
};

}  // namespace

class Runtime::Parts {
 public:
  Parts(Database& database, const RuntimeSettings& settings, EnvironmentBuilder builder)
      : database_(database),
        check_(settings.check),
        mirror_place_(settings.mirror),
        own_({.node = provide_node(settings.directory / "node"),
              .machine = name_machine(),
              .directory = std::filesystem::absolute(settings.directory).string()}),
        holder_(own_.node + " " + make_uuid4()),
        workshop_(database, settings.directory / "jobs", std::move(builder)),
        leases_(database),
        heartbeat_(leases_, clock_, own_.node, holder_, settings.replica_lease),
        executor_(announced(settings.directory)),
        fires_(database),
        observer_(leadership_, [this] { executions_changed(); }),
        lease_(leases_, clock_, kLeaderLease, holder_, settings.leader_lease),
        scheduler_(fires_, lease_, clock_, observer_),
        janitor_(database, executor_, leadership_, clock_, settings.retention) {}

  void start(const std::string& service_url) {
    dispatcher_.emplace(database_, workshop_, executor_, own_.node, service_url, heartbeat_,
                        Unowned::claim);
    scheduler_thread_.emplace(scheduler_, lease_);
    synchronizer_.emplace(database_, workshop_, leadership_, check_,
                          [this] { schedules_changed(); });
    caretaker_.emplace(database_, workshop_, neighbours_here(), own_, service_url, heartbeat_);
    life_.emplace("replica", std::chrono::seconds(1), [this] {
      heartbeat_.maintain();
      caretaker_->round();
    });
    if (mirror_place_) mirror_.emplace(database_, *mirror_place_, leadership_);
    cleaning_.emplace("janitor", std::chrono::seconds(1), [this] { janitor_.round(); });
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
  void sources_changed() {
    if (is_started_ && mirror_) mirror_->wake();
  }
  void executions_changed() {
    if (is_started_) dispatcher_->wake();
  }

  Executor& executor() noexcept { return executor_; }
  const std::string& node() const noexcept { return own_.node; }

 private:
  // Once the others know that this one lives, none of them takes its executor, and who has it
  // gives it back.
  ProcessExecutorSettings announced(const std::filesystem::path& directory) {
    database_.write([this](Connection& connection) {
      release_former(connection, own_.node);
      put_replica(connection, own_);
    });
    heartbeat_.maintain();
    return executor_settings(directory);
  }

  Database& database_;
  const DeploymentCheck check_;
  const std::optional<MirrorPlace> mirror_place_;
  const Replica own_;
  const std::string holder_;  // of leases: this start of the replica
  Workshop workshop_;
  SystemClock clock_;
  DatabaseLeaseStore leases_;
  Heartbeat heartbeat_;
  ProcessExecutor executor_;
  DatabaseFireStore fires_;
  Leadership leadership_;
  Observer observer_;
  Lease lease_;
  Scheduler scheduler_;
  Janitor janitor_;
  std::atomic<bool> is_started_ = false;
  // Ended in the reverse order: nothing is deployed, then nothing fires, then nothing starts.
  std::optional<Dispatcher> dispatcher_;
  std::optional<SchedulerThread> scheduler_thread_;
  std::optional<Synchronizer> synchronizer_;
  std::optional<Mirror> mirror_;
  std::optional<Caretaker> caretaker_;
  std::optional<Worker> life_;
  std::optional<Worker> cleaning_;
};

Runtime::Runtime(Database& database, RuntimeSettings settings, EnvironmentBuilder builder)
    : parts_(std::make_unique<Parts>(database, settings, std::move(builder))) {}

Runtime::~Runtime() = default;

Executor& Runtime::executor() noexcept { return parts_->executor(); }
const std::string& Runtime::node() const noexcept { return parts_->node(); }
void Runtime::start(const std::string& service_url) { parts_->start(service_url); }
void Runtime::deployments_changed() { parts_->deployments_changed(); }
void Runtime::executions_changed() { parts_->executions_changed(); }
void Runtime::sources_changed() { parts_->sources_changed(); }

}  // namespace vdk::service
