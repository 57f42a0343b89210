#include "source/git_mirror.hpp"

#include <fstream>

#include <fmt/format.h>

#include "base/text.hpp"
#include "source/git_program.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"
#include "vdk/base/temporary_directory.hpp"

namespace vdk::service {

namespace fs = std::filesystem;

namespace {

constexpr const char* kServiceName = "Control Service";

// Asked by git where the remote wants to know who we are; the values are in its environment.
constexpr const char* kCredentialHelper =
    "!f() { test \"$1\" = get && "
    "printf 'username=%s\\npassword=%s\\n' \"$VDK_MIRROR_USERNAME\" \"$VDK_MIRROR_PASSWORD\"; }; f";

// As git's fast import takes a path: in quotes, with what would end them escaped.
std::string quote_path(std::string_view path) {
  std::string text = "\"";
  for (const char c : path) {
    if (c == '"' || c == '\\') text += '\\';
    if (c == '\n') {
      text += "\\n";
    } else {
      text += c;
    }
  }
  return text + '"';
}

// Whatever a user is called, it stays a name.
std::string to_name(const std::optional<std::string>& author) {
  std::string name;
  for (const char c : author.value_or("")) {
    if (c != '<' && c != '>' && static_cast<unsigned char>(c) >= ' ') name += c;
  }
  return name.empty() ? kServiceName : name;
}

std::string data_block(std::string_view bytes) {
  return fmt::format("data {}\n{}\n", bytes.size(), bytes);
}

std::string last_line(std::string_view text) {
  std::string last;
  for (const auto& line : split(text, '\n')) {
    if (!trim(line).empty()) last = trim(line);
  }
  return last;
}

// What a git that was killed leaves; nobody else is at work here.
void remove_locks(const fs::path& folder) {
  std::error_code ignored;
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().extension() == ".lock") found.push_back(entry.path());
  }
  for (const auto& entry : fs::recursive_directory_iterator(folder / "refs", ignored)) {
    if (entry.path().extension() == ".lock") found.push_back(entry.path());
  }
  for (const auto& path : found) fs::remove(path, ignored);
}

}  // namespace

std::string GitMirror::git(const std::vector<std::string>& words, const fs::path& input) {
  GitRun run{.words = {"--git-dir=" + place_.repository.string()}, .input = input};
  run.words.insert(run.words.end(), words.begin(), words.end());
  if (!place_.username.empty() || !place_.password.empty()) {
    run.variables = {"GIT_CONFIG_COUNT=2",
                     "GIT_CONFIG_KEY_0=credential.helper",
                     "GIT_CONFIG_VALUE_0=",
                     "GIT_CONFIG_KEY_1=credential.helper",
                     fmt::format("GIT_CONFIG_VALUE_1={}", kCredentialHelper),
                     "VDK_MIRROR_USERNAME=" + place_.username,
                     "VDK_MIRROR_PASSWORD=" + place_.password};
  }
  const auto answer = run_git(run);
  if (answer.exit_code == 0) return std::string(trim(answer.out));
  throw platform_error(
      {.what = fmt::format("'git {}' failed with exit code {}.", words.front(), answer.exit_code),
       .why = redact(last_line(answer.errors))});
}

std::optional<std::string> GitMirror::resolve(const std::string& name) {
  const auto answer = run_git({.words = {"--git-dir=" + place_.repository.string(), "rev-parse",
                                         "--verify", "--quiet", "--end-of-options", name}});
  if (answer.exit_code != 0) return std::nullopt;
  return std::string(trim(answer.out));
}

void GitMirror::make_repository() {
  if (fs::exists(place_.repository / "HEAD")) {
    remove_locks(place_.repository);
    return;
  }
  // It appears when it is whole.
  const auto scratch = place_.repository.string() + ".new";
  fs::remove_all(scratch);
  const auto answer =
      run_git({.words = {"init", "--quiet", "--bare", "--initial-branch=" + place_.branch,
                         "--template=", scratch}});
  if (answer.exit_code != 0) {
    throw platform_error(
        {.what = fmt::format("The repository '{}' cannot be made.", place_.repository.string()),
         .why = last_line(answer.errors)});
  }
  fs::rename(scratch, place_.repository);
  git({"config", "gc.autoDetach", "false"});
}

void GitMirror::begin() {
  make_repository();
  if (place_.remote.empty()) return;
  const auto there = git({"ls-remote", "--", place_.remote, branch_name()});
  const auto commit = there.substr(0, there.find('\t'));
  if (commit.empty() || commit == resolve(branch_name())) return;
  git({"fetch", "--quiet", "--no-tags", "--", place_.remote,
       fmt::format("+{0}:{0}", branch_name())});
}

std::string GitMirror::commit(const MirroredVersion& version,
                              const std::vector<SourceFile>& files) {
  const auto folder = fmt::format("{}:{}", branch_name(), version.job_name);
  const auto parent = resolve(branch_name());
  // The version is the name that git gives to the folder.
  if (parent && resolve(folder) == version.version) return *parent;

  const TemporaryDirectory scratch("mirror");
  const auto input = scratch.path() / "commit";
  {
    std::ofstream stream(input, std::ios::binary);
    const auto seconds = to_micros(version.time) / 1'000'000;
    const auto reason = version.reason && !version.reason->empty()
                            ? *version.reason
                            : "Updating data job: " + version.job_name;
    stream << "feature done\ncommit " << branch_name() << "\nauthor " << to_name(version.author)
           << " <> " << seconds << " +0000\ncommitter " << kServiceName << " <> " << seconds
           << " +0000\n"
           << data_block(fmt::format("Update data job: {}\n\n{}\n", version.job_name, reason));
    if (parent) stream << "from " << *parent << "\n";
    stream << "D " << quote_path(version.job_name) << "\n";
    for (const auto& file : files) {
      stream << "M " << (file.is_executable ? "100755" : "100644") << " inline "
             << quote_path(version.job_name + "/" + file.path) << "\n"
             << data_block(file.content);
    }
    stream << "done\n";
    stream.close();
    if (!stream) throw platform_error({.what = "The sources cannot be given to git."});
  }
  git({"fast-import", "--quiet"}, input);
  if (resolve(folder) != version.version) {
    throw platform_error(
        {.what = fmt::format("Git has not what was given to it of the job '{}'.", version.job_name),
         .why = "The folder's tree is not the version."});
  }
  return resolve(branch_name()).value_or("");
}

void GitMirror::publish() {
  if (!place_.remote.empty()) {
    git({"push", "--quiet", "--", place_.remote, fmt::format("{0}:{0}", branch_name())});
  }
}

void GitMirror::tidy() { git({"gc", "--quiet", "--auto"}); }

}  // namespace vdk::service
