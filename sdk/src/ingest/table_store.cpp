#include "vdk/ingest/table_store.hpp"

#include <utility>

namespace vdk {
namespace {

std::string quoted(std::string_view text, char quote) {
  std::string result(1, quote);
  for (const char c : text) {
    if (c == quote) result += quote;
    result += c;
  }
  return result += quote;
}

}  // namespace

RowsRefused::RowsRefused(ErrorText text, std::string reason, std::string column,
                         std::vector<std::size_t> rows)
    : Error(ResolvableBy::user, std::move(text)),
      reason_(std::move(reason)),
      column_(std::move(column)),
      rows_(std::move(rows)) {}
RowsRefused::~RowsRefused() = default;

TransactionConflict::TransactionConflict(ErrorText text)
    : Error(ResolvableBy::platform, std::move(text)) {}
TransactionConflict::~TransactionConflict() = default;

ConnectionLost::ConnectionLost(ErrorText text) : Error(ResolvableBy::platform, std::move(text)) {}
ConnectionLost::~ConnectionLost() = default;

PermissionDenied::PermissionDenied(ErrorText text) : Error(ResolvableBy::user, std::move(text)) {}
PermissionDenied::~PermissionDenied() = default;

TableStore::~TableStore() = default;

std::string TableStore::new_column_name(std::string_view name) const { return std::string(name); }

void TableStore::lock_definition(const TableShape&) {}

std::string quote_name(std::string_view name) { return quoted(name, '"'); }

std::string quote_text(std::string_view text) { return quoted(text, '\''); }

std::string quote_path(std::span<const std::string> path) {
  std::string result;
  for (const std::string& part : path) {
    if (!result.empty()) result += '.';
    result += quote_name(part);
  }
  return result;
}

}  // namespace vdk
