// What this client keeps for a person: ~/.vdk.internal, where upstream's client keeps it too.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace vdk::control {

// Below VDK_BASE_CONFIG_FOLDER where that is set, otherwise below the home directory.
[[nodiscard]] std::filesystem::path user_folder();

// The text of a file, or nothing where there is none. Throws Error (user) where it cannot be read.
[[nodiscard]] std::optional<std::string> read_file(const std::filesystem::path& file);

// Writes a file of the folder, whole or not at all, for its owner's eyes only. Makes the folder.
void write_user_file(std::string_view name, std::string_view text);

// Says whether there was one.
bool remove_user_file(std::string_view name);

// The defaults of all commands: `vdk set-default`.
struct Defaults {
  static constexpr std::string_view kTeam = "team-name";
  static constexpr std::string_view kUrl = "rest-api-url";
  static constexpr std::string_view kNoAuthentication = "authentication-disable";

  [[nodiscard]] static std::string get(std::string_view key);  // empty where it is not set
  static void set(std::string_view key, std::optional<std::string> value);
};

}  // namespace vdk::control
