#include "environment/installer.hpp"

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <optional>
#include <system_error>

#include <fmt/format.h>

#include "base/file.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "environment/sha256.hpp"
#include "environment/virtual_environment.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/value.hpp"
#include "vdk/base/version.hpp"

namespace vdk {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kLinesInErrors = 15;
// Old packages use pkg_resources while they are built; this is the last line of versions that has
// it.
constexpr const char* kBuildConstraint = "setuptools<81";

std::chrono::milliseconds time_left(const Installation& installation) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      installation.deadline - std::chrono::steady_clock::now());
  return std::max(left, std::chrono::milliseconds(0));
}

std::string own_requirement() { return fmt::format("{}=={}", kOwnDistribution, version()); }

std::string text_of(const std::vector<std::string>& lines) {
  return lines.empty() ? std::string() : join(lines, "\n") + '\n';
}

// What one call of the installer said and how it ended.
struct Answer {
  std::optional<int> exit_code;
  std::deque<std::string> last_lines;
  bool is_about_our_version = false;  // two demands exclude each other, and one is about us

  [[nodiscard]] bool succeeded() const { return exit_code == 0; }
};

class Pip {
 public:
  // What is built in environments of its own is built under the constraints of this file.
  Pip(const Installation& installation, std::string build_constraints)
      : installation_(installation),
        program_(find_program()),
        build_constraints_(std::move(build_constraints)) {}

  [[nodiscard]] Answer run(const std::vector<std::string>& words) const {
    std::vector<std::string> command{program_.string(),
                                     "-I",
                                     "-m",
                                     "pip",
                                     "--python",
                                     (installation_.environment / "bin" / "python").string(),
                                     "--no-input",
                                     "--disable-pip-version-check",
                                     "install",
                                     "--no-warn-script-location",
                                     "--progress-bar",
                                     "off"};
    command.insert(command.end(), installation_.options.begin(), installation_.options.end());
    command.insert(command.end(), words.begin(), words.end());
    Answer answer;
    bool is_conflict = false;
    bool names_us = false;
    answer.exit_code = run_process_lines(
        command,
        {.directory = installation_.job,
         .variables = {"PYTHONUNBUFFERED=1", constraints_variable("PIP_CONSTRAINT"),
                       constraints_variable("PIP_BUILD_CONSTRAINT")},
         .time_limit = time_left(installation_)},
        [&](std::string_view line) {
          if (installation_.log) installation_.log(line);
          is_conflict = is_conflict || line.find("ResolutionImpossible") != std::string_view::npos;
          names_us = names_us || line.find(kOwnDistribution) != std::string_view::npos;
          if (trim(line).empty()) return;
          answer.last_lines.emplace_back(line);
          if (answer.last_lines.size() > kLinesInErrors) answer.last_lines.pop_front();
        });
    answer.is_about_our_version = is_conflict && names_us;
    return answer;
  }

  [[nodiscard]] Error failure(const Answer& answer) const {
    if (!answer.exit_code) {
      return platform_error(
          {.what = "The job's requirements were not installed in time.",
           .why = "The installer was still at work when the time limit ended it.",
           .consequence = "There is no environment for the job.",
           .countermeasure =
               "Try again, or raise the time limit. What was fetched and built so far "
               "is in the installer's own cache."});
    }
    return user_error(
        {.what = "The job's requirements cannot be installed.",
         .why = fmt::format(
             "The installer says:\n{}",
             join(std::vector<std::string>(answer.last_lines.begin(), answer.last_lines.end()),
                  "\n")),
         .consequence = "There is no environment for the job.",
         .countermeasure =
             "Correct requirements.txt: names, versions, and what they demand of each "
             "other."});
  }

 private:
  // An interpreter that has a pip which installs for other interpreters (22.3 and later).
  fs::path find_program() const {
    if (serves(installation_.interpreter.executable)) return installation_.interpreter.executable;
    const fs::path kept =
        installation_.tools /
        ("pip-" + sha256_hex(installation_.interpreter.executable.string()).substr(0, 16));
    const fs::path program = kept / "bin" / "python";
    if (serves(program)) return program;
    const FileLock lock(kept.string() + ".lock", time_left(installation_));
    if (serves(program)) return program;
    std::optional<int> exit_code =
        run_process_lines({installation_.interpreter.executable.string(), "-I", "-m", "venv",
                           "--clear", kept.string()},
                          {.time_limit = time_left(installation_)}, [this](std::string_view line) {
                            if (installation_.log) installation_.log(line);
                          });
    if (exit_code == 0 && serves(program)) return program;
    throw configuration_error(
        {.what = "There is no pip to install the job's requirements with.",
         .why = fmt::format("{} has none of version 22.3 or later, and cannot make one.",
                            installation_.interpreter.executable.string()),
         .consequence = "There is no environment for the job.",
         .countermeasure =
             "Install pip for this Python (on Debian: python3-pip or python3-venv)."});
  }

  // Besides what the operator's own says.
  [[nodiscard]] std::string constraints_variable(const char* name) const {
    const char* given = std::getenv(name);
    const std::string others = given != nullptr ? std::string(given) + ' ' : std::string();
    // A list with blanks between: a path may have some itself, an address may not.
    const std::string path = replace_all(replace_all(build_constraints_, "%", "%25"), " ", "%20");
    return std::string(name) + '=' + others + "file://" + path;
  }

  static bool serves(const fs::path& program) {
    std::error_code missing;
    if (!fs::exists(program, missing)) return false;
    const auto answer =
        run_process({program.string(), "-I", "-m", "pip", "--version"}, std::chrono::seconds(60));
    if (!answer || answer->exit_code != 0) return false;
    const std::vector<std::string> words = split(answer->out, ' ');  // pip 23.2.1 from ...
    const std::vector<std::string> numbers = split(words.size() > 1 ? words[1] : "", '.');
    const int major = std::atoi(numbers[0].c_str());
    const int minor = numbers.size() > 1 ? std::atoi(numbers[1].c_str()) : 0;
    return major > 22 || (major == 22 && minor >= 3);
  }

  const Installation& installation_;
  fs::path program_;
  std::string build_constraints_;
};

// The files that the installer is given, beside what it installs.
class Papers {
 public:
  explicit Papers(fs::path directory) : directory_(std::move(directory)) {
    std::error_code failure;
    fs::create_directories(directory_, failure);
  }
  [[nodiscard]] std::string write(const std::string& name, const std::vector<std::string>& lines) {
    const fs::path file = directory_ / name;
    write_file_in_place(file, text_of(lines), Durability::kill);
    return file.string();
  }
  [[nodiscard]] fs::path path(const std::string& name) const { return directory_ / name; }

 private:
  fs::path directory_;
};

// One line for each distribution of the installer's report, but for ours.
std::vector<std::string> resolved_lines(const fs::path& report, bool with_hashes,
                                        std::string& overruled) {
  std::vector<std::string> lines;
  const Value value = parse_json(read_file(report));
  const Value* installs = value.find("install");
  const auto text = [](const Value* from, std::string_view key) -> std::string {
    const Value* found = from ? from->find(key) : nullptr;
    return found && found->if_string() ? *found->if_string() : std::string();
  };
  for (const Value& item : installs && installs->if_list() ? *installs->if_list() : Value::List{}) {
    const Value* metadata = item.find("metadata");
    const Value* download = item.find("download_info");
    const std::string name = text(metadata, "name");
    if (is_own_distribution(name)) {
      if (normal_name(name) == kOwnDistribution) overruled = text(metadata, "version");
      continue;
    }
    const Value* direct = item.find("is_direct");
    const bool is_direct = direct && direct->if_bool() && *direct->if_bool();
    const Value* archive = download ? download->find("archive_info") : nullptr;
    const std::string hash = replace_all(text(archive, "hash"), "=", ":");
    std::string line = is_direct ? fmt::format("{} @ {}", name, text(download, "url"))
                                 : fmt::format("{}=={}", name, text(metadata, "version"));
    if (with_hashes && !hash.empty()) line += " --hash=" + hash;
    lines.push_back(std::move(line));
  }
  return lines;
}

void tell(const Installation& installation, const std::string& line) {
  if (installation.log) installation.log(line);
}

// Some distribution demands a version of ours that this program does not have. The installer is
// asked what it would take if it were free to; all of that but ours is installed.
void install_overruling(const Requirements& requirements, const Installation& installation,
                        const Pip& pip, Papers& papers) {
  tell(installation, fmt::format("A requirement demands another version of {}; it is overruled.",
                                 kOwnDistribution));
  const fs::path report = papers.path("report.json");
  const Answer resolved =
      pip.run({"--dry-run", "--ignore-installed", "--report", report.string(), "-r",
               papers.write("requirements.txt", requirements.requirements), "-c",
               papers.write("constraints.txt", requirements.constraints)});
  if (!resolved.succeeded()) throw pip.failure(resolved);
  std::string overruled;
  const std::vector<std::string> lines = resolved_lines(report, requirements.has_hashes, overruled);
  tell(installation, fmt::format("{} {} takes the place of {} {}.", kOwnDistribution, version(),
                                 kOwnDistribution, overruled));
  const Answer installed = pip.run({"--no-deps", "-r", papers.write("resolved.txt", lines)});
  if (!installed.succeeded()) throw pip.failure(installed);
  const Answer own = pip.run({own_requirement()});
  if (!own.succeeded()) throw pip.failure(own);
}

}  // namespace

void install(const Requirements& requirements, const Installation& installation) {
  Papers papers(installation.environment / "requirements");
  const Pip pip(installation, papers.write("build_constraints.txt", {kBuildConstraint}));
  std::vector<std::string> wanted = requirements.requirements;
  std::vector<std::string> ours{own_requirement()};
  for (const std::string& extra : requirements.own_extras) {
    for (const std::string& requirement : own_extra_dependencies(extra))
      ours.push_back(requirement);
  }
  // Where every line must have a hash, what we require cannot be among them.
  if (!requirements.has_hashes) wanted.insert(wanted.end(), ours.begin(), ours.end());
  std::vector<std::string> constraints = requirements.constraints;
  constraints.push_back(own_requirement());

  const Answer answer = pip.run({"-r", papers.write("requirements.txt", wanted), "-c",
                                 papers.write("constraints.txt", constraints)});
  if (!answer.succeeded()) {
    if (!answer.is_about_our_version) throw pip.failure(answer);
    install_overruling(requirements, installation, pip, papers);
  }
  if (requirements.has_hashes) {
    const Answer rest = pip.run({"-r", papers.write("ours.txt", ours)});
    if (!rest.succeeded()) throw pip.failure(rest);
  }
}

}  // namespace vdk
