#include "ingest/table_settings.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "ingest/ingester.hpp"
#include "vdk/base/error.hpp"

namespace vdk {
namespace {

Error bad_choice(std::string_view key, const std::string& value, std::string_view choices) {
  return configuration_error(
      {.what = fmt::format("{} must be one of {}, and is '{}'.", key, choices, value),
       .consequence = "Rows cannot be ingested.",
       .countermeasure = fmt::format("Correct {}, or remove it: its default fits.", key)});
}

}  // namespace

TableSettings read_table_settings(const Configuration& configuration, std::string_view section,
                                  const std::string& create_option) {
  TableSettings settings;
  const std::string contract = configuration.get_string("ingest_contract");
  settings.contract = contract_of(contract);
  if (!settings.contract && !contract.empty()) {
    throw bad_choice("ingest_contract", contract, "evolve, freeze, discard_row, discard_value");
  }
  const std::string ledger = lower(configuration.get_string("ingest_ledger"));
  if (ledger == "required") {
    settings.ledger = LedgerMode::required;
  } else if (ledger == "off") {
    settings.ledger = LedgerMode::off;
  } else if (ledger != "auto") {
    throw bad_choice("ingest_ledger", ledger, "auto, required, off");
  }
  settings.ledger_schema = configuration.get_string("ingest_ledger_schema");
  settings.create_tables = configuration.get_bool("ingest_create_tables");
  if (!create_option.empty()) {
    const bool own = !configuration.get(create_option, section).is_null();
    settings.create_tables = settings.create_tables &&
                             configuration.get_bool(create_option, own ? section : kMainSection);
  }
  settings.allow_rewrite = configuration.get_bool("ingest_allow_rewrite");
  settings.retry = std::chrono::seconds(configuration.get_integer("ingest_retry_seconds"));
  return settings;
}

}  // namespace vdk
