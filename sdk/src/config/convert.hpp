// Text of configuration into typed values, by the rules of Python's constructors.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "vdk/config/configuration.hpp"

namespace vdk {

// "config.ini:12", "environment variable VDK_X", "option -c": as a person names the place.
[[nodiscard]] std::string describe(const Origin& origin);

// The value in the type of `option.default_value`; null and values of untyped options stay as they
// are. Throws Error (configuration) naming key, value and place; sensitive values are not shown.
[[nodiscard]] Value convert(const Option& option, Value value, const Origin& origin);

// Appends the key as environment variables spell it: in capitals, `_` for `.` and `-`.
void append_variable_name(std::string& name, std::string_view key);
// VDK_KEY, or VDK_SECTION_KEY.
[[nodiscard]] std::string variable_name(std::string_view key,
                                        std::string_view section = kMainSection);

// Keys with this prefix describe sources of configuration to config-help and configure nothing.
inline constexpr std::string_view kProviderPrefix = "__config_provider__";

// Under this key, too, plugins ask for the team: it is the name of an enumeration's member.
inline constexpr std::string_view kTeamAlias = "jobconfigkeys.team";

// True for names such as `db_password`, whatever their option says.
[[nodiscard]] bool names_a_secret(std::string_view key) noexcept;

// true/false, 1/0, yes/no, y/n in any case.
[[nodiscard]] std::optional<bool> to_bool(std::string_view text);

// Python's int(text) and float(text): surrounding blanks, a sign, single underscores between
// digits.
[[nodiscard]] std::optional<Value> to_integer(std::string_view text);
[[nodiscard]] std::optional<double> to_real(std::string_view text);

}  // namespace vdk
