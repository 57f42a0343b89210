// Where configuration values come from (specification: sdk 2.4; precedence: secret, -c, VDK_KEY,
// KEY, plugin, config.ini).
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/ini.hpp"
#include "vdk/config/configuration.hpp"

namespace vdk {

// A job's config.ini as it was read. Kept because some of it (owner, contacts, schedule) is no run
// configuration.
class JobConfig {
 public:
  // Reads `<job directory>/config.ini`; an absent file is an empty configuration. Throws Error
  // (configuration) with file and line where it cannot be parsed.
  explicit JobConfig(const std::filesystem::path& job_directory);
  // With references resolved. Throws Error (configuration) where the value misuses `%`.
  [[nodiscard]] std::optional<std::string> get(std::string_view section,
                                               std::string_view key) const;
  // Null where there is no config.ini, "" where it has no team (specification: sdk 6.2).
  [[nodiscard]] std::optional<std::string> team() const;

  // Sets every value that a run reads, with "config.ini:LINE" as origin. Throws Error
  // (configuration).
  void apply(ConfigurationBuilder& builder) const;

  // What nothing will ever read: unknown keys of [owner], [job] and [contacts], misspelled
  // sections, and db_default_type in [job], which local runs ignore. One warning each, with the
  // remedy.
  [[nodiscard]] std::vector<std::string> warnings(const Configuration& configuration) const;

 private:
  bool exists_ = false;
  IniFile ini_;
};

// Environment variables, with prefix VDK_ (wins) and without, for keys that the builder knows: KEY
// of the main section, SECTION_KEY of the others. Case, and which of `.`, `-` and `_` a key has, do
// not matter. A name that fits a key of a section belongs to that section.
void apply_environment(ConfigurationBuilder& builder,
                       std::span<const std::pair<std::string, std::string>> environment);
[[nodiscard]] std::vector<std::pair<std::string, std::string>> process_environment();

// `-c KEY=VALUE` of the command line; `KEY` may be `section.key`. Throws Error (user) where there
// is no `=`.
void apply_command_line(ConfigurationBuilder& builder, std::span<const std::string> settings);

// Secrets override the options of their name, or of `<section>_<key>`, where no environment
// variable does, with their own type (specification: sdk 6.5, plugins 1.3). Others are ignored.
void apply_secrets(Configuration& configuration, const Value& secrets);

// One warning per key of config.ini or `-c` that nobody declared, with the nearest known key. Keys
// of a sub-section count only where somebody declared some of it.
[[nodiscard]] std::vector<std::string> unknown_key_warnings(const Configuration& configuration);

// From now on the log shows `***` in place of the values of sensitive options and of secrets.
void redact_sensitive_values(const Configuration& configuration);

// Declares the options of the core that belong to no other room (specification: sdk 11).
void declare_core_options(ConfigurationBuilder& builder);

}  // namespace vdk
