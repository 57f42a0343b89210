// The options of loads into tables, read and checked.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "vdk/config/configuration.hpp"
#include "vdk/ingest/sink.hpp"

namespace vdk {

enum class LedgerMode { automatic, required, off };

struct TableSettings {
  std::optional<Contract> contract;
  LedgerMode ledger = LedgerMode::automatic;
  std::string ledger_schema;
  bool create_tables = true;
  bool allow_rewrite = false;
  std::chrono::seconds retry{};
};

// `create_option`: the engine's own option that may forbid new tables, read from the section where
// it is set there; may be empty. Throws Error (configuration) that names the option which is wrong.
[[nodiscard]] TableSettings read_table_settings(const Configuration& configuration,
                                                std::string_view section,
                                                const std::string& create_option);

}  // namespace vdk
