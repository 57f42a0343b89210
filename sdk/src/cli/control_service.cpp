#include "cli/control_service.hpp"

#include <cstdlib>
#include <filesystem>
#include <optional>

#include <fmt/format.h>

#include "base/file.hpp"
#include "cli/program.hpp"
#include "config/ini.hpp"
#include "vdk/base/error.hpp"

namespace vdk {
namespace {

// Upstream's client keeps its defaults in this file too.
std::string read_default(std::string_view key) {
  const char* base = std::getenv("VDK_BASE_CONFIG_FOLDER");
  if (base == nullptr || *base == '\0') base = std::getenv("HOME");
  if (base == nullptr) return {};
  const auto file = std::filesystem::path(base) / ".vdk.internal" / "vdk-configuration.ini";
  const std::optional<std::string> text = read_file_if_exists(file);
  if (!text) return {};
  const IniFile ini = IniFile::parse(*text, file.string());
  const auto found = ini.get("defaults", key);
  return found ? found->value : std::string();
}

}  // namespace

bool is_control_service_known(const Invocation& invocation) {
  if (invocation.has("rest_api_url")) return true;
  const char* given = std::getenv("VDK_CONTROL_SERVICE_REST_API_URL");
  if (given != nullptr && *given != '\0') return true;
  return !read_default("rest-api-url").empty();
}

std::string default_team() { return read_default("team-name"); }

int run_at_control_service(std::string_view command, Invocation& invocation) {
  PluginIndex& plugins = invocation.program().plugins();
  const std::string part = fmt::format("control-{}", command);
  for (const PluginManifest& manifest : plugins.manifests()) {
    if (manifest.name != "control" || !manifest.keeps("command", part)) continue;
    return plugins.command(manifest, part)(invocation);
  }
  throw configuration_error(
      {.what = "There is no client of the Control Service.",
       .why = "The plugin 'control' is not part of this installation.",
       .consequence = "The command was not carried out.",
       .countermeasure = "Install vdk with all its plugins; vdk plugins lists them."});
}

}  // namespace vdk
