#include "ingest/ledger.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "base/ids.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/value.hpp"

namespace vdk {
namespace {

constexpr auto kLoads = "_vdk_loads";
constexpr auto kTables = "_vdk_tables";
constexpr std::int64_t kKeptSeconds = std::int64_t{30} * 24 * 3600;

std::int64_t now_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::int64_t integer_of(const Value& value) {
  if (const std::int64_t* number = value.if_integer()) return *number;
  return 0;
}

std::uint64_t digest_of(const Value& value) {
  std::uint64_t digest = 0;
  if (const std::string* text = value.if_string()) {
    std::from_chars(text->data(), text->data() + text->size(), digest, 16);
  }
  return digest;
}

// The columns as they are remembered: a JSON list of [name, type].
std::string columns_json(const TableShape& table) {
  Value::List columns;
  for (const TableColumn& column : table.columns) {
    columns.emplace_back(Value::List{Value(column.name), Value(column.type)});
  }
  return to_json(Value(std::move(columns)));
}

}  // namespace

Ledger::Ledger(const Load& load, std::vector<std::string> beside, const std::string& schema)
    : execution_(load.execution),
      step_(load.step),
      // The target may hold a credential, and tells loads apart only where one table has two names.
      destination_(fmt::format("{}:{}", load.destination.method, load.destination.table)),
      resumes_(load.resume),
      writer_(make_uuid4()),
      schema_(std::move(beside)) {
  if (!schema_.empty()) schema_.pop_back();
  if (schema.empty()) return;
  if (schema_.empty()) {
    schema_ = {schema};
  } else {
    schema_.back() = schema;
  }
}

std::vector<std::string> Ledger::path(const std::string& table) const {
  std::vector<std::string> full = schema_;
  full.push_back(table);
  return full;
}

std::string Ledger::identity() const {
  return fmt::format("execution = {} AND step = {} AND destination = {}", quote_text(execution_),
                     quote_text(step_), quote_text(destination_));
}

void Ledger::prepare(TableStore& store) const {
  if (!store.read_table(path(kLoads)).exists()) {
    store.run(fmt::format(
        "CREATE TABLE IF NOT EXISTS {} (execution VARCHAR(255) NOT NULL, step VARCHAR(1000) NOT "
        "NULL, destination VARCHAR(1000) NOT NULL, rows_done BIGINT NOT NULL, digest VARCHAR(16) "
        "NOT NULL, partial_rows BIGINT NOT NULL, rejected_rows BIGINT NOT NULL, staging "
        "VARCHAR(1000) NOT NULL, writer VARCHAR(36) NOT NULL, updated_at BIGINT NOT NULL, "
        "PRIMARY KEY (execution, step, destination))",
        quote_path(path(kLoads))));
  }
  if (!store.read_table(path(kTables)).exists()) {
    store.run(
        fmt::format("CREATE TABLE IF NOT EXISTS {} (table_name VARCHAR(1000) NOT NULL "
                    "PRIMARY KEY, columns_then TEXT NOT NULL)",
                    quote_path(path(kTables))));
  }
}

std::optional<LoadPosition> Ledger::read(TableStore& store) const {
  if (!store.read_table(path(kLoads)).exists()) return std::nullopt;
  const auto rows = store.query(
      fmt::format("SELECT rows_done, digest, partial_rows, rejected_rows FROM {} WHERE {}",
                  quote_path(path(kLoads)), identity()));
  if (rows.empty()) return std::nullopt;
  const auto& row = rows.front();
  return LoadPosition{integer_of(row.at(0)), digest_of(row.at(1)), integer_of(row.at(2)),
                      integer_of(row.at(3))};
}

void Ledger::write(TableStore& store, const std::optional<LoadPosition>& before,
                   const LoadPosition& after, const std::string& staging) const {
  const std::string table = quote_path(path(kLoads));
  if (!before) {
    if (!read(store)) {
      store.run(fmt::format(
          "INSERT INTO {} (execution, step, destination, rows_done, digest, partial_rows, "
          "rejected_rows, staging, writer, updated_at) VALUES ({}, {}, {}, {}, '{:016x}', {}, {}, "
          "{}, '{}', {})",
          table, quote_text(execution_), quote_text(step_), quote_text(destination_), after.rows,
          after.digest, after.partial, after.rejected, quote_text(staging), writer_,
          now_seconds()));
      return;
    }
    if (resumes_ || is_own(store)) throw_overtaken(store);
  }
  std::string where = identity();
  if (before) {
    where += fmt::format(" AND rows_done = {} AND partial_rows = {} AND digest = '{:016x}'",
                         before->rows, before->partial, before->digest);
  }
  store.run(fmt::format(
      "UPDATE {} SET rows_done = {}, digest = '{:016x}', partial_rows = {}, rejected_rows = {}, "
      "staging = {}, writer = '{}', updated_at = {} WHERE {}",
      table, after.rows, after.digest, after.partial, after.rejected, quote_text(staging), writer_,
      now_seconds(), where));
  const auto check = store.query(fmt::format(
      "SELECT 1 FROM {} WHERE {} AND writer = '{}' AND rows_done = {} AND partial_rows = {}", table,
      identity(), writer_, after.rows, after.partial));
  if (check.empty()) throw_overtaken(store);
}

bool Ledger::is_own(TableStore& store) const {
  return !store
              .query(fmt::format("SELECT 1 FROM {} WHERE {} AND writer = '{}'",
                                 quote_path(path(kLoads)), identity(), writer_))
              .empty();
}

void Ledger::throw_overtaken(TableStore& store) const {
  if (is_own(store)) {
    throw TransactionConflict(
        {.what = fmt::format("Rows of the step {} for {} were stored meanwhile by a transaction "
                             "whose connection had been lost.",
                             step_, destination_),
         .consequence = "They were not stored again."});
  }
  throw platform_error(
      {.what = fmt::format("Another process stores the rows of the step {} for {} too.", step_,
                           destination_),
       .why = "The ledger of loads was changed since this process looked at it: an earlier attempt "
              "of this execution still runs.",
       .consequence = "This batch was not stored, so that no row is there twice.",
       .countermeasure = "Let one attempt end before the execution is resumed."});
}

void Ledger::clean(TableStore& store) const {
  const std::string table = quote_path(path(kLoads));
  const std::string old = fmt::format("updated_at < {}", now_seconds() - kKeptSeconds);
  const auto rows = store.query(fmt::format("SELECT staging FROM {} WHERE {}", table, old));
  if (rows.empty()) return;
  for (const auto& row : rows) {
    const std::string* staging = row.at(0).if_string();
    if (staging != nullptr && !staging->empty()) {
      store.run("DROP TABLE IF EXISTS " + quote_path(path(*staging)));
    }
  }
  store.run(fmt::format("DELETE FROM {} WHERE {}", table, old));
}

bool Ledger::created(TableStore& store, const TableShape& table) const {
  if (!store.read_table(path(kTables)).exists()) return false;
  const auto rows =
      store.query(fmt::format("SELECT columns_then FROM {} WHERE table_name = {}",
                              quote_path(path(kTables)), quote_text(quote_path(table.path))));
  if (rows.empty()) return false;
  const std::string* json = rows.front().at(0).if_string();
  if (json == nullptr) return false;
  const Value columns = parse_json(*json);
  if (!columns.if_list()) return false;
  return std::ranges::all_of(*columns.if_list(), [&](const Value& column) {
    const Value::List* pair = column.if_list();
    if (pair == nullptr || pair->size() != 2) return false;
    const std::string* name = (*pair)[0].if_string();
    const std::string* type = (*pair)[1].if_string();
    return name != nullptr && type != nullptr &&
           std::ranges::any_of(table.columns, [&](const TableColumn& known) {
             return known.name == *name && known.type == *type;
           });
  });
}

void Ledger::record_table(TableStore& store, const TableShape& table) const {
  const std::string registry = quote_path(path(kTables));
  const std::string name = quote_text(quote_path(table.path));
  const std::string columns = quote_text(columns_json(table));
  const auto known =
      store.query(fmt::format("SELECT columns_then FROM {} WHERE table_name = {}", registry, name));
  if (known.empty()) {
    store.run(fmt::format("INSERT INTO {} (table_name, columns_then) VALUES ({}, {})", registry,
                          name, columns));
  } else {
    store.run(fmt::format("UPDATE {} SET columns_then = {} WHERE table_name = {}", registry,
                          columns, name));
  }
}

}  // namespace vdk
