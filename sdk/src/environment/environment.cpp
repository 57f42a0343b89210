#include "environment/environment.hpp"

#include <algorithm>
#include <system_error>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/kill_point.hpp"
#include "base/process.hpp"
#include "base/shared_library.hpp"
#include "base/text.hpp"
#include "environment/installer.hpp"
#include "environment/interpreter.hpp"
#include "environment/requirements.hpp"
#include "environment/sha256.hpp"
#include "environment/virtual_environment.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/value.hpp"
#include "vdk/base/version.hpp"

namespace vdk {

namespace fs = std::filesystem;

namespace {

// Raised whenever environments are made in another way.
constexpr int kForm = 1;

fs::path cache_of(const EnvironmentSettings& settings) {
  return settings.directory.empty() ? local_state_directory() / "environments"
                                    : fs::absolute(settings.directory);
}

// The names of files and what is in them, of all that a job brings.
std::string tree_digest(const fs::path& job) {
  std::vector<std::string> lines;
  std::error_code failure;
  for (fs::recursive_directory_iterator at(job, failure), end; !failure && at != end;
       at.increment(failure)) {
    const std::string name = at->path().filename().string();
    if (name == "__pycache__" || name == ".git") {
      at.disable_recursion_pending();
    } else if (at->is_regular_file(failure)) {
      lines.push_back(at->path().lexically_relative(job).string() + ' ' +
                      sha256_hex(read_file(at->path())));
    }
  }
  std::ranges::sort(lines);
  return sha256_hex(join(lines, "\n"));
}

// All that decides what an environment is.
struct Plan {
  Requirements requirements;
  InterpreterFacts interpreter;
  std::string key;
};

Plan make_plan(const EnvironmentRequest& request, const EnvironmentSettings& settings) {
  Plan plan{.requirements = read_requirements(request.job),
            .interpreter = ask_interpreter(request.python),
            .key = {}};
  const Requirements& wanted = plan.requirements;
  std::error_code failure;
  const auto changed = fs::last_write_time(plan.interpreter.executable, failure);
  Value content;
  const auto list = [](const std::vector<std::string>& lines) {
    Value::List values;
    for (const std::string& line : lines) values.emplace_back(line);
    return Value(std::move(values));
  };
  content.set("form", kForm);
  content.set("version", version());
  content.set("prefix", installation_prefix().string());
  content.set("interpreter", plan.interpreter.executable.string());
  content.set("interpreter_version", plan.interpreter.version);
  content.set("interpreter_time", static_cast<std::int64_t>(changed.time_since_epoch().count()));
  content.set("requirements", list(wanted.requirements));
  content.set("constraints", list(wanted.constraints));
  content.set("extras", list(wanted.own_extras));
  // Without requirements no installer runs.
  if (!wanted.empty()) content.set("options", list(settings.installer_options));
  if (wanted.names_files) content.set("files", tree_digest(request.job));
  plan.key = sha256_hex(to_json(content)).substr(0, 32);
  return plan;
}

// The directory of a complete environment, or nothing.
std::optional<fs::path> complete(const fs::path& cache, const std::string& key) {
  const std::optional<std::string> text = read_file_if_exists(cache / (key + ".json"));
  if (!text) return std::nullopt;
  try {
    const Value index = parse_json(*text);
    const Value* name = index.find("directory");
    if (!name || !name->if_string()) return std::nullopt;
    const fs::path directory = cache / *name->if_string();
    std::error_code failure;
    // What somebody removed by hand, or an interpreter that is gone, is made anew.
    if (!fs::exists(directory / "bin" / "python", failure)) return std::nullopt;
    return directory;
  } catch (const Error&) {
    return std::nullopt;  // a damaged index
  }
}

void mark_used(const fs::path& cache, const std::string& key) {
  std::error_code ignored;
  fs::last_write_time(cache / (key + ".json"), fs::file_time_type::clock::now(), ignored);
}

// A directory that goes unless it becomes an environment.
class Building {
 public:
  explicit Building(fs::path directory) : directory_(std::move(directory)) {}
  ~Building() {
    std::error_code ignored;
    if (!directory_.empty()) fs::remove_all(directory_, ignored);
  }
  Building(const Building&) = delete;
  Building& operator=(const Building&) = delete;
  [[nodiscard]] const fs::path& directory() const noexcept { return directory_; }
  void keep() noexcept { directory_.clear(); }

 private:
  fs::path directory_;
};

fs::path build(const EnvironmentRequest& request, const EnvironmentSettings& settings,
               const Plan& plan, const fs::path& cache,
               std::chrono::steady_clock::time_point deadline) {
  const std::string name = fmt::format("{}-{}", plan.key, make_uuid4().substr(0, 8));
  Building building(cache / name);
  const fs::path directory = building.directory();
  make_virtual_environment(directory, plan.interpreter);
  for (const std::string& line : plan.requirements.passed_over) {
    if (settings.log) {
      settings.log(fmt::format("'{}' is passed over: {} {} is part of every environment.", line,
                               kOwnDistribution, version()));
    }
  }
  if (!plan.requirements.empty()) {
    install(plan.requirements, {.environment = directory,
                                .job = request.job,
                                .tools = cache,
                                .interpreter = plan.interpreter,
                                .options = settings.installer_options,
                                .deadline = deadline,
                                .log = settings.log});
  }
  check_virtual_environment(directory, plan.interpreter);
  kill_point("environment.built");
  Value index;
  index.set("directory", name);
  index.set("python", plan.interpreter.version);
  index.set("made", to_iso8601(std::chrono::system_clock::now()));
  write_file_atomic(cache / (plan.key + ".json"), to_json(index));
  building.keep();
  return directory;
}

}  // namespace

Environment::Environment(std::string key, fs::path directory, bool was_made, FileLock hold)
    : key_(std::move(key)),
      directory_(std::move(directory)),
      was_made_(was_made),
      hold_(std::move(hold)) {}

void Environment::hold_through_exec() noexcept { hold_.keep_through_exec(); }

Environment provide_environment(const EnvironmentRequest& given,
                                const EnvironmentSettings& settings) {
  const auto deadline = std::chrono::steady_clock::now() + settings.time_limit;
  const EnvironmentRequest request{.job = fs::absolute(given.job), .python = given.python};
  const fs::path cache = cache_of(settings);
  const Plan plan = make_plan(request, settings);
  const auto left = [&] {
    return std::max(std::chrono::milliseconds(0),
                    std::chrono::duration_cast<std::chrono::milliseconds>(
                        deadline - std::chrono::steady_clock::now()));
  };
  // Held before it is looked for: what is found cannot be evicted any more.
  FileLock hold(cache / (plan.key + ".use"), left(), LockMode::shared);
  if (auto directory = complete(cache, plan.key)) {
    mark_used(cache, plan.key);
    return {plan.key, *directory, false, std::move(hold)};
  }
  const FileLock building(cache / (plan.key + ".lock"), left());
  if (auto directory = complete(cache, plan.key)) {
    mark_used(cache, plan.key);
    return {plan.key, *directory, false, std::move(hold)};
  }
  fs::path directory = build(request, settings, plan, cache, deadline);
  return {plan.key, std::move(directory), true, std::move(hold)};
}

std::string environment_key(const EnvironmentRequest& request,
                            const EnvironmentSettings& settings) {
  return make_plan({.job = fs::absolute(request.job), .python = request.python}, settings).key;
}

int evict_environments(const EnvironmentSettings& settings, const EvictionRules& rules) {
  const fs::path cache = cache_of(settings);
  std::error_code failure;
  if (!fs::exists(cache, failure)) return 0;
  std::vector<fs::path> indexes;
  std::vector<fs::path> directories;
  for (const fs::directory_entry& entry : fs::directory_iterator(cache, failure)) {
    if (entry.path().extension() == ".json") indexes.push_back(entry.path());
    // KEY-ATTEMPT
    if (entry.is_directory(failure) && entry.path().filename().string().find('-') == 32)
      directories.push_back(entry.path());
  }
  if (failure) {
    throw platform_error({.what = fmt::format("The directory {} cannot be read.", cache.string()),
                          .why = fmt::format("The system says: {}.", failure.message()),
                          .consequence = "No environment was removed.",
                          .countermeasure = "See that the directory may be read and written."});
  }
  int evicted = 0;
  const auto now = fs::file_time_type::clock::now();
  for (const fs::path& index : indexes) {
    const std::string key = index.stem().string();
    const auto used = fs::last_write_time(index, failure);
    if (failure || rules.keep.contains(key) || now - used < rules.unused_for) continue;
    const auto alone = FileLock::try_lock(cache / (key + ".use"));
    if (!alone) continue;
    evicted += fs::remove(index, failure) ? 1 : 0;
  }
  // Without an index a directory is no environment: of an eviction, or of a build that was killed.
  for (const fs::path& directory : directories) {
    const std::string key = directory.filename().string().substr(0, 32);
    const auto nobody_builds = FileLock::try_lock(cache / (key + ".lock"));
    if (nobody_builds && complete(cache, key) != directory) fs::remove_all(directory, failure);
  }
  return evicted;
}

}  // namespace vdk
