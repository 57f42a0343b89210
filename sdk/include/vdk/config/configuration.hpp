// Configuration: options that the core and plugins declare, the values that sources give them, and
// where each value came from. Keys and sections are case-insensitive; the main section is "vdk".
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vdk/base/export.hpp"
#include "vdk/base/value.hpp"

namespace vdk {

inline constexpr std::string_view kMainSection = "vdk";

struct Option {
  std::string key;
  Value default_value{};  // its type is the option's type; null keeps values as they come
  std::string description{};
  bool sensitive = false;
  bool show_default = true;
  std::string section{kMainSection};
};

// Where a value came from; later kinds win over earlier ones.
enum class OriginKind { default_value, config_ini, plugin, environment, command_line, secret };

struct Origin {
  OriginKind kind = OriginKind::default_value;
  std::string where{};  // "config.ini:12", "VDK_DB_DEFAULT_TYPE", "-c", plugin or secret name
};

struct Assignment {
  Value value;
  Origin origin;
};

class VDK_API Configuration {
 public:
  // The value, or null where the key or the section is unknown. With a section, a `<section>_`
  // prefix of the key is optional. The typed ones convert (null is "", 0 or false) and throw Error
  // (configuration) where the value does not fit.
  [[nodiscard]] Value get(std::string_view key, std::string_view section = kMainSection) const;
  [[nodiscard]] std::string get_string(std::string_view key,
                                       std::string_view section = kMainSection) const;
  [[nodiscard]] std::int64_t get_integer(std::string_view key,
                                         std::string_view section = kMainSection) const;
  [[nodiscard]] bool get_bool(std::string_view key, std::string_view section = kMainSection) const;
  // As get, but throws Error (configuration) where there is no value.
  [[nodiscard]] Value get_required(std::string_view key,
                                   std::string_view section = kMainSection) const;

  [[nodiscard]] bool is_default(std::string_view key,
                                std::string_view section = kMainSection) const;
  [[nodiscard]] bool is_sensitive(std::string_view key,
                                  std::string_view section = kMainSection) const;
  [[nodiscard]] std::string description(std::string_view key,
                                        std::string_view section = kMainSection) const;
  [[nodiscard]] std::vector<std::string> sections() const;
  [[nodiscard]] std::vector<std::string> keys(
      std::string_view section = kMainSection) const;  // sorted
  // The declared option, or null. Keys that a source set without a declaration have none.
  [[nodiscard]] const Option* option(std::string_view key,
                                     std::string_view section = kMainSection) const;
  // Every assignment of the key, the default first and the winning one last.
  [[nodiscard]] std::vector<Assignment> history(std::string_view key,
                                                std::string_view section = kMainSection) const;
  // Visits every key that is declared or set, by section and then by name, without copying: the
  // declared option or null, and what sources gave, the winning one last.
  using Visitor = std::function<void(std::string_view section, std::string_view key,
                                     const Option* option, std::span<const Assignment> given)>;
  void for_each(const Visitor& visit) const;
  // Wins over everything, unconverted. An unknown key of the main section is ignored, of another
  // one throws Error (configuration).
  void override_value(std::string_view key, Value value, Origin origin,
                      std::string_view section = kMainSection);

 private:
  friend class ConfigurationBuilder;
  struct Entry {
    std::optional<Option> option;
    std::vector<Assignment> assignments;  // in order of winning, the last wins
  };
  [[nodiscard]] const Entry* find(std::string_view key, std::string_view section) const;
  [[nodiscard]] static const Assignment* winner(const Entry& entry);
  [[nodiscard]] Value get_as(std::string_view key, std::string_view section,
                             const Value& type) const;

  std::map<std::string, std::map<std::string, Entry, std::less<>>, std::less<>> sections_;
};

// Collects declarations and values in any order; converts values to the type of the option's
// default.
class VDK_API ConfigurationBuilder {
 public:
  ConfigurationBuilder() = default;
  // Goes on from a configuration that was built before.
  explicit ConfigurationBuilder(Configuration configuration)
      : configuration_(std::move(configuration)) {}
  // Declares, or declares again: the last declaration wins, values given before stay and are
  // converted.
  ConfigurationBuilder& add(Option option);
  // A place that gave the key a value before gives it another one. Throws Error (configuration)
  // naming key, value and place where the text does not fit the option's type.
  ConfigurationBuilder& set(std::string_view key, Value value, Origin origin,
                            std::string_view section = kMainSection);
  [[nodiscard]] const Configuration& current() const noexcept { return configuration_; }
  [[nodiscard]] Configuration build() const& { return configuration_; }
  [[nodiscard]] Configuration build() && { return std::move(configuration_); }

 private:
  Configuration configuration_;
};

}  // namespace vdk
