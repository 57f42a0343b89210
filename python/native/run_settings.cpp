#include "run_settings.hpp"

#include <mutex>

#include "base/text.hpp"
#include "vdk/base/log.hpp"

namespace vdk {

namespace {

std::mutex g_mutex;
RunSettings g_settings;

void read_module_levels(const std::string& text, std::map<std::string, std::string>& levels) {
  for (const std::string& entry : split(text, ';')) {
    if (trim(entry).empty()) continue;
    const std::size_t equals = entry.find('=');
    if (equals == std::string::npos) {
      log(LogLevel::warning, "vdk.logging",
          "log_level_module has a part that is no name=LEVEL, which is left out: " + entry);
      continue;
    }
    levels[std::string(trim(std::string_view(entry).substr(0, equals)))] =
        upper(trim(std::string_view(entry).substr(equals + 1)));
  }
}

}  // namespace

RunSettings run_settings() {
  const std::lock_guard lock(g_mutex);
  return g_settings;
}

void keep_run_settings(const Configuration& configuration) {
  RunSettings settings;
  const auto level = parse_log_level(configuration.get_string("log_level_vdk"));
  settings.logger_levels = {{"vdk", std::string(to_string(level.value_or(LogLevel::info)))},
                            {"requests_kerberos", "INFO"},
                            {"requests_oauthlib", "INFO"},
                            {"urllib3", "INFO"}};
  read_module_levels(configuration.get_string("log_level_module"), settings.logger_levels);
  settings.configures_logging = upper(configuration.get_string("log_config")) != "NONE";
  settings.error_format = configuration.get_string("log_exception_formatter");
  const std::lock_guard lock(g_mutex);
  g_settings = std::move(settings);
}

}  // namespace vdk
