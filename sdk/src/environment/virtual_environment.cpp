#include "environment/virtual_environment.hpp"

#include <chrono>
#include <system_error>

#include <fmt/format.h>

#include "base/file.hpp"
#include "base/process.hpp"
#include "base/shared_library.hpp"
#include "base/text.hpp"
#include "environment/requirements.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/version.hpp"

namespace vdk {

namespace fs = std::filesystem;

namespace {

Error unmade(const fs::path& what, const std::string& why) {
  return platform_error({.what = fmt::format("{} cannot be made.", what.string()),
                         .why = fmt::format("The system says: {}.", why),
                         .consequence = "There is no environment for the job.",
                         .countermeasure = "Make room there, and see that it may be written."});
}

void make_directory(const fs::path& path) {
  std::error_code failure;
  fs::create_directories(path, failure);
  if (failure) throw unmade(path, failure.message());
}

void make_link(const fs::path& path, const fs::path& target) {
  std::error_code failure;
  fs::create_symlink(target, path, failure);
  if (failure) throw unmade(path, failure.message());
}

void write_text(const fs::path& path, const std::string& text) {
  write_file_in_place(path, text, Durability::kill);
}

fs::path packages_of(const fs::path& directory, const InterpreterFacts& interpreter) {
  return directory / "lib" / ("python" + interpreter.feature_version()) / "site-packages";
}

fs::path python_package() { return installation_prefix() / "lib" / "vdk" / "python"; }

std::string metadata_text() {
  std::string text =
      fmt::format("Metadata-Version: 2.1\nName: {}\nVersion: {}\n", kOwnDistribution, version());
  for (const std::string& requirement : own_dependencies())
    text += fmt::format("Requires-Dist: {}\n", requirement);
  text += "Provides-Extra: quickstart\n";
  for (const std::string& requirement : own_extra_dependencies("quickstart"))
    text += fmt::format("Requires-Dist: {}; extra == \"quickstart\"\n", requirement);
  return text;
}

// The program, with this environment as the one that it runs jobs in.
std::string program_text(const fs::path& directory) {
  const auto quoted = [](const fs::path& path) {
    return '\'' + replace_all(path.string(), "'", "'\\''") + '\'';
  };
  return fmt::format("#!/bin/sh\nVDK_PYTHON={} exec {} \"$@\"\n",
                     quoted(directory / "bin" / "python"),
                     quoted(installation_prefix() / "bin" / "vdk"));
}

Error taken(std::string why) {
  return user_error(
      {.what = "The job's requirements put another program in the place of this one.",
       .why = std::move(why),
       .consequence = "The environment was not taken: jobs would not run as they are meant to.",
       .countermeasure = "Remove what brings it from requirements.txt; vdk itself need not be "
                         "required."});
}

}  // namespace

// As pyproject.toml has them.
const std::vector<std::string>& own_dependencies() {
  static const std::vector<std::string> all = {"click==8.*",    "pluggy",   "click-log",
                                               "click-plugins", "tenacity", "setuptools<81"};
  return all;
}

std::vector<std::string> own_extra_dependencies(const std::string& extra) {
  if (extra == "quickstart") return {"duckdb>=2"};
  return {};
}

void make_virtual_environment(const fs::path& directory, const InterpreterFacts& interpreter) {
  const fs::path packages = packages_of(directory, interpreter);
  const fs::path information = packages / fmt::format("vdk_core-{}.dist-info", version());
  make_directory(directory / "bin");
  make_directory(directory / "include");
  make_directory(information);
  make_link(directory / "lib64", "lib");
  make_link(directory / "bin" / "python", interpreter.executable);
  make_link(directory / "bin" / "python3", "python");
  make_link(directory / "bin" / ("python" + interpreter.feature_version()), "python");
  write_text(directory / "pyvenv.cfg",
             fmt::format("home = {}\ninclude-system-site-packages = false\nversion = {}\n"
                         "executable = {}\n",
                         interpreter.executable.parent_path().string(), interpreter.version,
                         interpreter.executable.string()));
  write_text(packages / "vdk_core.pth", python_package().string() + '\n');
  write_text(information / "METADATA", metadata_text());
  // There is no RECORD: an installer that wants to replace it cannot.
  write_text(information / "INSTALLER", "vdk\n");
  write_text(directory / "bin" / "vdk", program_text(directory));
  std::error_code failure;
  fs::permissions(directory / "bin" / "vdk",
                  fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec |
                      fs::perms::others_read | fs::perms::others_exec,
                  failure);
}

void check_virtual_environment(const fs::path& directory, const InterpreterFacts& interpreter) {
  const fs::path packages = packages_of(directory, interpreter);
  std::error_code failure;
  for (const fs::directory_entry& entry : fs::directory_iterator(packages, failure)) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with(".dist-info") || !name.starts_with("vdk_core-")) continue;
    if (name != fmt::format("vdk_core-{}.dist-info", version()))
      throw taken(fmt::format("{} was installed.", name.substr(0, name.find(".dist-info"))));
  }
  if (read_file(directory / "bin" / "vdk") != program_text(directory))
    throw taken("A distribution brought a program 'vdk' of its own.");
  for (const char* folder : {"vdk/api", "vdk/internal/core", "vdk/host"}) {
    if (fs::exists(packages / folder, failure))
      throw taken(fmt::format("A distribution brought a package {} of its own.", folder));
  }
  if (!fs::exists(python_package(), failure)) return;  // an installation without Python
  const auto answer =
      run_process({(directory / "bin" / "python").string(), "-I", "-c",
                   "import vdk._native as n, importlib.metadata as m; print(n.__file__); "
                   "print(m.version('vdk-core'))"},
                  std::chrono::seconds(60));
  const std::vector<std::string> lines = split(answer ? answer->out : std::string(), '\n');
  const bool is_ours = answer && answer->exit_code == 0 && lines.size() >= 2 &&
                       lines[0].starts_with(python_package().string()) && lines[1] == version();
  if (is_ours) return;
  throw configuration_error(
      {.what = fmt::format("The environment's Python {} cannot load this program.",
                           interpreter.version),
       .why = answer && !trim(answer->err).empty()
                  ? std::string(trim(split(trim(answer->err), '\n').back()))
                  : "It loads another one.",
       .consequence = "No job with Python steps can run there.",
       .countermeasure = fmt::format("Use a version of Python that vdk {} was installed for, or "
                                     "install vdk for Python {}.",
                                     version(), interpreter.feature_version())});
}

}  // namespace vdk
