#include "environment/environment.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include "base/file.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "environment/virtual_environment.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/temporary_directory.hpp"

namespace vdk {
namespace {

namespace fs = std::filesystem;

class Environments : public testing::Test {
 protected:
  void SetUp() override {
    settings_.directory = directory_.path() / "cache";
    settings_.log = [this](std::string_view line) { lines_.emplace_back(line); };
  }
  EnvironmentRequest job(const std::string& name, const std::string& requirements = "") {
    const fs::path path = directory_.path() / name;
    fs::create_directories(path);
    if (!requirements.empty()) std::ofstream(path / "requirements.txt") << requirements;
    return {.job = path};
  }
  [[nodiscard]] int directories() const {
    int count = 0;
    for (const auto& entry : fs::directory_iterator(settings_.directory))
      count += entry.is_directory() ? 1 : 0;
    return count;
  }
  void age(const std::string& key) const {
    fs::last_write_time(settings_.directory / (key + ".json"),
                        fs::file_time_type::clock::now() - std::chrono::hours(24 * 60));
  }

  TemporaryDirectory directory_{"environment-test"};
  EnvironmentSettings settings_;
  std::vector<std::string> lines_;
};

TEST_F(Environments, jobs_without_requirements_share_one_that_needs_no_installer) {
  settings_.installer_options = {"--no-such-option"};
  const Environment first = provide_environment(job("a"), settings_);
  const Environment second = provide_environment(job("b", "# none\nvdk-core==0.3.1\n"), settings_);
  EXPECT_TRUE(first.was_made());
  EXPECT_FALSE(second.was_made());
  EXPECT_EQ(first.directory(), second.directory());
  const auto prefix = run_process({first.python().string(), "-c", "import sys; print(sys.prefix)"},
                                  std::chrono::seconds(60));
  ASSERT_TRUE(prefix);
  EXPECT_EQ(trim(prefix->out), fs::canonical(first.directory()).string());
}

TEST_F(Environments, the_key_is_what_is_required) {
  const auto key = [&](const EnvironmentRequest& of) { return environment_key(of, settings_); };
  const std::string pandas = key(job("a", "pandas\n"));
  EXPECT_EQ(key(job("b", "pandas   # for frames\n\nvdk-core\n")), pandas);
  EXPECT_NE(key(job("c", "pandas<3\n")), pandas);
  EXPECT_NE(key(job("d")), pandas);
  settings_.installer_options = {"--pre"};
  EXPECT_NE(key(job("a")), pandas);
}

TEST_F(Environments, files_that_are_required_count_with_what_is_in_them) {
  const EnvironmentRequest request = job("a", "./tool\n");
  fs::create_directories(request.job / "tool");
  std::ofstream(request.job / "tool" / "setup.py") << "1\n";
  const std::string before = environment_key(request, settings_);
  std::ofstream(request.job / "tool" / "setup.py") << "2\n";
  EXPECT_NE(environment_key(request, settings_), before);
}

TEST_F(Environments, an_interpreter_that_is_not_there_is_told) {
  EnvironmentRequest request = job("a");
  for (const std::string python : {"9.9", "no-such-python", "/bin/false"}) {
    request.python = python;
    try {
      (void)provide_environment(request, settings_);
      FAIL() << python << " was taken";
    } catch (const Error& error) {
      EXPECT_EQ(error.resolvable_by(), ResolvableBy::configuration);
      EXPECT_NE(error.text().what.find(python), std::string::npos);
    }
  }
}

TEST_F(Environments, of_many_that_ask_at_a_time_one_builds) {
  const EnvironmentRequest request = job("a");
  std::atomic<int> made = 0;
  settings_.log = {};
  {
    std::vector<std::jthread> askers;
    for (int i = 0; i < 6; ++i) {
      askers.emplace_back(
          [&] { made += provide_environment(request, settings_).was_made() ? 1 : 0; });
    }
  }
  EXPECT_EQ(made, 1);
  EXPECT_EQ(directories(), 1);
}

TEST_F(Environments, what_has_no_index_is_no_environment) {
  const EnvironmentRequest request = job("a");
  // As if the build had been killed at its very end.
  const std::string key = provide_environment(request, settings_).key();
  fs::remove(settings_.directory / (key + ".json"));
  const Environment environment = provide_environment(request, settings_);
  EXPECT_TRUE(environment.was_made());
  EXPECT_EQ(directories(), 2);
  // What the killed one left goes with the next eviction, and nothing else.
  EXPECT_EQ(evict_environments(settings_, {}), 0);
  EXPECT_EQ(directories(), 1);
  EXPECT_TRUE(fs::exists(environment.python()));
}

TEST_F(Environments, what_nobody_uses_is_evicted) {
  std::optional<Environment> held = provide_environment(job("a"), settings_);
  const std::string key = held->key();
  age(key);
  EXPECT_EQ(evict_environments(settings_, {}), 0);
  held.reset();
  age(key);
  EXPECT_EQ(evict_environments(settings_, {.keep = {key}}), 0);
  EXPECT_EQ(evict_environments(settings_, {}), 1);
  EXPECT_EQ(directories(), 0);
  EXPECT_TRUE(provide_environment(job("a"), settings_).was_made());
  // Use keeps it young.
  age(key);
  EXPECT_FALSE(provide_environment(job("a"), settings_).was_made());
  EXPECT_EQ(evict_environments(settings_, {}), 0);
}

TEST_F(Environments, a_place_that_cannot_be_written_is_told) {
  std::ofstream(directory_.path() / "file") << "\n";
  settings_.directory = directory_.path() / "file" / "cache";
  EXPECT_THROW((void)provide_environment(job("a"), settings_), Error);
}

// What the metadata of every environment say is what the distribution's own say.
TEST(OwnDependencies, are_those_of_the_distribution) {
  const std::string project = read_file(fs::path(VDK_SOURCE_DIR) / "pyproject.toml");
  std::vector<std::string> listed;
  const std::size_t begin = project.find("\ndependencies = [");
  const std::size_t end = project.find("\n]", begin);
  for (const std::string& line : split(project.substr(begin, end - begin), '\n')) {
    const std::size_t open = line.find('"');
    if (open != std::string::npos)
      listed.push_back(line.substr(open + 1, line.find('"', open + 1) - open - 1));
  }
  EXPECT_EQ(own_dependencies(), listed);
  for (const std::string& requirement : own_extra_dependencies("quickstart"))
    EXPECT_NE(project.find("quickstart = [\"" + requirement + "\"]"), std::string::npos);
}

}  // namespace
}  // namespace vdk
