#include "postgres_settings.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>

#include <libpq-fe.h>

#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"

namespace vdk::postgres {
namespace {

// Keys of a section that are libpq's keywords.
constexpr std::array<std::string_view, 9> kKeywords{
    "dbname", "user", "password", "host", "port", "sslmode", "sslrootcert", "sslcert", "sslkey"};
constexpr std::array<std::string_view, 2> kInherited{"sslmode", "sslrootcert"};
constexpr std::array<std::string_view, 6> kModes{"disable", "allow",     "prefer",
                                                 "require", "verify-ca", "verify-full"};
constexpr std::array<std::string_view, 3> kFiles{"sslrootcert", "sslcert", "sslkey"};

std::string key_of(const Engine& engine, std::string_view name) {
  return std::string(engine.prefix).append(name);
}

Error refused(std::string what, std::string why, std::string countermeasure) {
  return configuration_error({.what = std::move(what),
                              .why = std::move(why),
                              .consequence = "No connection was attempted.",
                              .countermeasure = std::move(countermeasure)});
}

void read_dsn(Settings& settings, const std::string& dsn) {
  const std::string key = key_of(settings.engine, "dsn");
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> parsed(
      PQconninfoParse(dsn.c_str(), nullptr), PQconninfoFree);
  if (!parsed) {
    // libpq's own message may quote a password.
    throw refused(key + " is no connection string.",
                  "It is neither a list of key=value pairs nor a URI that begins with "
                  "postgresql://. It is not shown, because it may hold a password.",
                  "Correct " + key +
                      ": quote values that hold blanks, and escape special characters of a URI "
                      "with %.");
  }
  for (const PQconninfoOption* option = parsed.get(); option->keyword; ++option) {
    if (option->val) {
      settings.options[option->keyword] = option->val;
    }
  }
}

// What a misspelling would make libpq report as if the server were not there.
void check(const Settings& settings, std::string_view section) {
  const auto where = [&](std::string_view keyword) {
    return key_of(settings.engine, keyword) + " (or the DSN) in the section '" +
           std::string(section) + "'";
  };
  const auto value = [&](std::string_view keyword) -> const std::string* {
    const auto found = settings.options.find(std::string(keyword));
    return found == settings.options.end() ? nullptr : &found->second;
  };
  if (const std::string* port = value("port")) {
    const bool good = std::all_of(port->begin(), port->end(),
                                  [](unsigned char c) { return std::isdigit(c) || c == ','; });
    if (!good) {
      throw refused("'" + *port + "' is no port.", "It is the value of " + where("port") + ".",
                    "Set it to a number, 5432 as a rule.");
    }
  }
  if (const std::string* mode = value("sslmode");
      mode && std::find(kModes.begin(), kModes.end(), *mode) == kModes.end()) {
    throw refused("'" + *mode + "' is no TLS mode.", "It is the value of " + where("sslmode") + ".",
                  "Set it to disable, allow, prefer, require, verify-ca or verify-full.");
  }
  for (const std::string_view keyword : kFiles) {
    const std::string* file = value(keyword);
    const bool is_file = file && (*file != "system" || PQlibVersion() < 160000);
    if (is_file && access(file->c_str(), R_OK) != 0) {
      throw refused("The file " + *file + " cannot be read.",
                    where(keyword) + " names it for TLS connections.",
                    "Correct the path, or make the file readable.");
    }
  }
}

}  // namespace

Settings read_settings(const Engine& engine, const Configuration& configuration,
                       std::string_view section) {
  Settings settings{.engine = engine};
  const std::string dsn = configuration.get_string(key_of(engine, "dsn"), section);
  if (!dsn.empty()) {
    read_dsn(settings, dsn);
  }
  bool is_configured = !dsn.empty();
  for (const std::string_view keyword : kKeywords) {
    std::string value = configuration.get_string(key_of(engine, keyword), section);
    is_configured = is_configured || !value.empty();
    if (value.empty() && section != kMainSection &&
        !settings.options.contains(std::string(keyword)) &&
        std::find(kInherited.begin(), kInherited.end(), keyword) != kInherited.end()) {
      value = configuration.get_string(key_of(engine, keyword));
    }
    if (!value.empty()) {
      settings.options[std::string(keyword)] = std::move(value);
    }
  }
  if (!is_configured) {
    throw refused("No " + std::string(engine.title) + " server is configured.",
                  "Neither " + key_of(engine, "dsn") + " nor " + key_of(engine, "host") + ", " +
                      key_of(engine, "dbname") + " or " + key_of(engine, "user") +
                      " is set in the section '" + std::string(section) + "'.",
                  "Set them in config.ini or in the environment.");
  }
  for (const char* keyword : {"password", "sslpassword"}) {
    if (const auto found = settings.options.find(keyword); found != settings.options.end()) {
      add_secret(found->second);
    }
  }
  check(settings, section);

  auto& options = settings.options;
  if (options.contains("sslrootcert") && !options.contains("sslmode")) {
    options["sslmode"] = "verify-full";
  }
  const std::string limit = key_of(engine, "connect_timeout_seconds");
  const bool of_section = !configuration.get(limit, section).is_null();
  const std::string_view limited = of_section ? section : kMainSection;
  if (const auto found = options.find("connect_timeout");
      found != options.end() && configuration.is_default(limit, limited)) {
    settings.connect_limit = std::chrono::seconds(std::atol(found->second.c_str()));
  } else if (!configuration.get(limit, limited).is_null()) {
    settings.connect_limit = std::chrono::seconds(configuration.get_integer(limit, limited));
  }
  options.erase("connect_timeout");  // kept by us: libpq keeps it only where it blocks
  constexpr std::chrono::seconds kDay{86'400};
  if (settings.connect_limit <= std::chrono::seconds(0) || settings.connect_limit > kDay) {
    settings.connect_limit = kDay;  // as libpq: no limit
  }
  options["client_encoding"] = "UTF8";
  options.try_emplace("fallback_application_name", "vdk");
  // A network that is cut is noticed in a minute, not in the system's two hours.
  options.try_emplace("keepalives_idle", "30");
  options.try_emplace("keepalives_interval", "10");
  options.try_emplace("keepalives_count", "3");
  options.try_emplace("tcp_user_timeout", "60000");
  return settings;
}

}  // namespace vdk::postgres
