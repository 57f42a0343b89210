// Where a configuration section says the server is, in libpq's terms.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>

#include "vdk/config/configuration.hpp"

namespace vdk::postgres {

// Engines that speak PostgreSQL's protocol, each with keys of its own.
struct Engine {
  std::string_view title;   // for messages
  std::string_view prefix;  // of its keys
};
inline constexpr Engine kPostgres{"PostgreSQL", "postgres_"};
inline constexpr Engine kGreenplum{"Greenplum", "greenplum_"};

struct Settings {
  Engine engine;
  std::map<std::string, std::string> options;  // libpq's keywords
  std::chrono::seconds connect_limit{30};      // for each address
};

// The section's own keys win over its DSN, and both over libpq's defaults (PGHOST, ~/.pgpass, …). A
// sub-section takes what it does not say of TLS verification and of time from the main section.
// Passwords are kept out of the log from here on. Throws Error (configuration), which shows no
// value that may be secret.
[[nodiscard]] Settings read_settings(const Engine& engine, const Configuration& configuration,
                                     std::string_view section);

}  // namespace vdk::postgres
