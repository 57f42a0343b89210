// Where configuration values come from (specification: sdk 2.4; precedence: secret, -c, VDK_KEY, KEY, plugin, config.ini).
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vdk/config/configuration.hpp"

namespace vdk {

// A job's config.ini as it was read. Kept because some of it (owner, contacts, schedule) is no run configuration.
class JobConfig {
 public:
  // Reads `<job directory>/config.ini`; an absent file is an empty configuration. Throws Error (configuration) with
  // file and line where it cannot be parsed.
  explicit JobConfig(const std::filesystem::path& job_directory);
  [[nodiscard]] std::optional<std::string> get(std::string_view section, std::string_view key) const;
  // Null where config.ini has no team line ("" where there is no such file).
  [[nodiscard]] std::optional<std::string> team() const;

  // Sets every value that a run reads, with "config.ini:LINE" as origin.
  void apply(ConfigurationBuilder& builder) const;

  struct Line {
    std::string section;
    std::string key;
    std::string value;
    int line = 0;
  };
  [[nodiscard]] const std::vector<Line>& lines() const noexcept { return lines_; }

 private:
  bool exists_ = false;
  std::filesystem::path file_;
  std::vector<Line> lines_;
};

// Environment variables, with prefix VDK_ and without, for keys that the builder knows; main section and sub-sections.
void apply_environment(ConfigurationBuilder& builder, std::span<const std::pair<std::string, std::string>> environment);
[[nodiscard]] std::vector<std::pair<std::string, std::string>> process_environment();

// `-c KEY=VALUE` of the command line; `KEY` may be `section.key`. Throws Error (user) where there is no `=`.
void apply_command_line(ConfigurationBuilder& builder, std::span<const std::string> settings);

// Secrets override configuration where no environment variable does (specification: sdk 6.5, plugins 1.3).
void apply_secrets(Configuration& configuration, const Value& secrets);

// One warning per key of config.ini or `-c` that nobody declared, with the nearest known key.
[[nodiscard]] std::vector<std::string> unknown_key_warnings(const Configuration& configuration);

// Declares the options of the core that belong to no other room (specification: sdk 11).
void declare_core_options(ConfigurationBuilder& builder);

}  // namespace vdk
