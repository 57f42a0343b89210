#include "postgres_store.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "postgres_copy.hpp"
#include "postgres_names.hpp"
#include "postgres_types.hpp"
#include "postgres_values.hpp"
#include "vdk/base/log.hpp"
#include "vdk/data/text_form.hpp"

namespace vdk::postgres {
namespace {

constexpr std::string_view kLogger = "vdk.postgres";
constexpr std::string_view kPrepare =
    "SET standard_conforming_strings = on; "
    "SELECT set_config('lock_timeout', '10s', false) WHERE current_setting('lock_timeout') = '0'";
constexpr std::size_t kMostColumns = 1600;
constexpr int kVersionOfIdentity = 100'000;
constexpr int kVersionOfGenerated = 120'000;
constexpr int kVersionOfRowSecurity = 90'500;

std::string text_of(const Value& value) {
  const std::string* text = value.if_string();
  return text ? *text : std::string();
}

bool is_true(const Value& value) {
  const bool* flag = value.if_bool();
  return flag && *flag;
}

Oid oid_of(const Value& value) {
  const std::int64_t* number = value.if_integer();
  return number ? static_cast<Oid>(*number) : 0;
}

template <std::size_t size>
bool is_any(std::string_view state, const std::array<std::string_view, size>& states) {
  return std::ranges::find(states, state) != states.end();
}

bool is_conflict(const PostgresError& error) {
  // Serialization, deadlock, a lock not had in time; the same thing made by another at once.
  constexpr std::array<std::string_view, 8> kStates{"40001", "40P01", "55P03", "42P07",
                                                    "42701", "42710", "42P06", "40000"};
  if (is_any(error.sqlstate(), kStates)) return true;
  const FailurePlace& place = error.place();
  if (error.sqlstate() == "23505") {
    return place.schema == "pg_catalog" || place.table.starts_with("_vdk_");
  }
  return error.sqlstate() == "XX000" && error.text().what.find("concurrently") != std::string::npos;
}

bool is_lost(const PostgresError& error, PGconn* connection) {
  if (connection == nullptr || PQstatus(connection) != CONNECTION_OK) return true;
  return error.sqlstate().empty() || error.sqlstate().starts_with("08") ||
         error.sqlstate().starts_with("57P");
}

// The stable code of a refusal; empty where the state is none of a value.
std::string reason_of(std::string_view state) {
  constexpr std::pair<std::string_view, std::string_view> kReasons[] = {
      {"22001", "too_long"},    {"22003", "out_of_range"},  {"22008", "out_of_range"},
      {"22021", "not_utf8"},    {"22P05", "not_storable"},  {"23502", "not_null"},
      {"23503", "foreign_key"}, {"23505", "duplicate_key"}, {"23514", "check"},
  };
  for (const auto& [known, reason] : kReasons) {
    if (state == known) return std::string(reason);
  }
  if (state.starts_with("22")) return "wrong_type";
  if (state.starts_with("23")) return "constraint";
  return {};
}

bool reads_times_as_utc(PGconn* connection) {
  const char* zone = PQparameterStatus(connection, "TimeZone");
  constexpr std::array<std::string_view, 10> kZones{"UTC",       "Etc/UTC",      "GMT",  "Etc/GMT",
                                                    "UCT",       "Etc/UCT",      "Zulu", "Etc/Zulu",
                                                    "Universal", "Etc/Universal"};
  return zone != nullptr && is_any(zone, kZones);
}

void check_sql(std::string_view sql) {
  if (sql.find('\0') == std::string_view::npos) return;
  throw user_error({.what = "The name of a table or of a column holds a NUL byte.",
                    .why = "PostgreSQL would take it for the end of the statement.",
                    .consequence = "The rows were not stored.",
                    .countermeasure = "Remove the byte from the name."});
}

std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  return hash;
}

// All that an append and the core need to know of one relation, a row for each column.
std::string catalog_query(int version, const std::string& condition) {
  const bool has_identity = version >= kVersionOfIdentity;
  std::string sql =
      "SELECT n.nspname, c.relname, c.relkind, c.relhasrules OR c.relkind = 'v'" +
      std::string(version >= kVersionOfRowSecurity ? " OR row_security_active(c.oid)" : "") +
      ", EXISTS (SELECT 1 FROM pg_catalog.pg_trigger g WHERE g.tgrelid = c.oid AND NOT "
      "g.tgisinternal), a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, ";
  sql += has_identity
             ? "CASE a.attidentity WHEN 'd' THEN 'nextval(' || "
               "quote_literal(pg_get_serial_sequence(quote_ident(n.nspname) || '.' || "
               "quote_ident(c.relname), a.attname)) || ')' ELSE pg_get_expr(d.adbin, d.adrelid) END"
             : "pg_get_expr(d.adbin, d.adrelid)";
  sql +=
      ", t.oid, t.typtype, t.typcategory = 'A', t.typbasetype FROM pg_catalog.pg_class c "
      "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_catalog.pg_attribute "
      "a "
      "ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped";
  // What the server alone fills in is no column for rows.
  if (has_identity) sql += " AND a.attidentity <> 'a'";
  if (version >= kVersionOfGenerated) sql += " AND a.attgenerated = ''";
  sql +=
      " LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum "
      "LEFT JOIN pg_catalog.pg_type t ON t.oid = a.atttypid WHERE " +
      condition + " ORDER BY a.attnum";
  return sql;
}

bool are_alike(const std::vector<TableColumn>& some, const std::vector<TableColumn>& others) {
  return std::ranges::equal(some, others, [](const TableColumn& a, const TableColumn& b) {
    return a.name == b.name && a.type == b.type;
  });
}

[[noreturn]] void throw_changed(const TableShape& table) {
  throw TransactionConflict({.what = "The table " + quote_path(table.path) +
                                     " was changed while rows were on their way to it.",
                             .consequence = "These rows were not stored."});
}

enum CatalogColumn : std::size_t {
  kSchema,
  kTable,
  kRelationKind,
  kIndirect,
  kTriggers,
  kName,
  kType,
  kNotNull,
  kDefault,
  kTypeNumber,
  kTypeSort,
  kIsArray,
  kBaseType
};

}  // namespace

// ---- life
// ----------------------------------------------------------------------------------------

PostgresStore::PostgresStore(std::unique_ptr<Session> session) : session_(std::move(session)) {
  traits_.engine = session_->engine().title == kGreenplum.title ? "greenplum" : "postgres";
  traits_.unknown_columns = UnknownColumns::drop;
  traits_.row_order = "ctid";
  traits_.ddl_joins_rows = false;  // it would hold its lock on the table until the rows are in
  traits_.rewrites_when_widening = true;
  traits_.holds_nul_in_text = false;
  traits_.most_columns = kMostColumns;
  traits_.longest_name = kLongestName;
  run(std::string(kPrepare));
}

PostgresStore::~PostgresStore() { rollback(); }

void PostgresStore::begin() { run("BEGIN ISOLATION LEVEL READ COMMITTED"); }

void PostgresStore::commit() {
  const PGTransactionStatusType status = PQtransactionStatus(session_->handle());
  if (status == PQTRANS_INERROR) {
    throw platform_error({.what = "The transaction in " + place() + " cannot be committed.",
                          .why = "A statement in it failed.",
                          .consequence = "Nothing that it did was stored."});
  }
  run("COMMIT");
}

void PostgresStore::rollback() noexcept {
  PGconn* connection = session_->handle();
  const PGTransactionStatusType status = PQtransactionStatus(connection);
  if (!session_->is_ours() || (status != PQTRANS_INTRANS && status != PQTRANS_INERROR)) return;
  try {
    session_->run("ROLLBACK");
  } catch (const std::exception& error) {
    log(LogLevel::debug, kLogger,
        std::string("A transaction ended without its rollback: ") + error.what());
  }
}

// ---- SQL
// -----------------------------------------------------------------------------------------

void PostgresStore::run(const std::string& sql) { (void)query(sql); }

std::vector<std::vector<Value>> PostgresStore::query(const std::string& sql) {
  check_sql(sql);
  std::vector<std::vector<Value>> rows;
  try {
    session_->send(sql);
    Result failure;
    while (Result result = session_->next_result()) {
      if (has_failed(result.get())) {
        failure = session_->finish(std::move(result));
        break;
      }
      for (int row = 0; row < PQntuples(result.get()); ++row) {
        std::vector<Value>& values = rows.emplace_back();
        for (int i = 0; i < PQnfields(result.get()); ++i) {
          if (PQgetisnull(result.get(), row, i) != 0) {
            values.emplace_back(nullptr);
            continue;
          }
          const auto size = static_cast<std::size_t>(PQgetlength(result.get(), row, i));
          values.push_back(
              to_value(PQftype(result.get(), i), {PQgetvalue(result.get(), row, i), size}));
        }
      }
    }
    if (failure) throw statement_error(failure.get(), sql, session_->place(), {});
  } catch (const PostgresError& error) {
    fail(error, During::sql);
  }
  return rows;
}

void PostgresStore::fail(const PostgresError& error, During during, std::string_view table,
                         std::size_t rows) {
  ErrorText text = error.text();
  const std::string& state = error.sqlstate();
  if (is_lost(error, session_->handle())) throw ConnectionLost(std::move(text));
  // Another transaction changed the table between the look at it and its lock.
  const bool was_changed =
      during == During::append && (state == "42703" || state == "42P01" || state == "22P03");
  if (is_conflict(error) || was_changed) throw TransactionConflict(std::move(text));
  if (state == "42501" || state == "25006") {
    if (text.countermeasure.empty()) {
      text.countermeasure = "Connect to a server, and as a user, that may write.";
    }
    throw PermissionDenied(std::move(text));
  }
  std::string reason = reason_of(state);
  const std::optional<CopyPlace> copied =
      table.empty() ? std::nullopt : copy_place(error.place().context, table);
  const bool is_of_value = copied && !copied->column.empty();
  // What jsonb, unlike the text of JSON, cannot hold.
  if (state == "22P05" && error.text().why.find("\\u0000") != std::string::npos) {
    reason = "nul_byte";
  }
  if (reason.empty() && during == During::append && state.starts_with("54")) reason = "too_large";
  if (!reason.empty()) {
    std::string column = error.place().column;
    if (column.empty() && copied) column = copied->column;
    // The line is the row's where a value was read or a row checked; what is found out at the end
    // has none of its own.
    const bool is_placed = copied && copied->row <= rows && state != "23503" &&
                           (is_of_value || !state.starts_with("54"));
    std::vector<std::size_t> refused;
    if (is_placed) refused.push_back(copied->row - 1);
    throw RowsRefused(std::move(text), std::move(reason), std::move(column), std::move(refused));
  }
  throw PostgresError(error);
}

// ---- the catalogue
// -------------------------------------------------------------------------------

TableShape PostgresStore::find_table(std::string_view name) {
  check_sql(name);
  std::vector<std::string> parts = parse_table_name(name);
  const std::string as_it_stands = cut_name(name);
  const std::string schema = parts.size() > 1 ? parts[parts.size() - 2] : std::string();
  const std::string database = parts.size() > 2 ? parts.front() : std::string();
  const std::vector<std::string> known(parts.end() - std::min<std::ptrdiff_t>(2, std::ssize(parts)),
                                       parts.end());
  const auto found = query("SELECT to_regclass(" + quote_text(quote_path(known)) +
                           ")::oid, to_regclass(" + quote_text(quote_name(as_it_stands)) +
                           ")::oid, current_schema(), current_database(), EXISTS (SELECT 1 FROM "
                           "pg_catalog.pg_namespace WHERE nspname = " +
                           quote_text(schema) + ")")
                         .at(0);
  const bool is_here = database.empty() || database == text_of(found[3]);
  Oid oid = is_here ? oid_of(found[0]) : 0;
  if (oid == 0) oid = oid_of(found[1]);
  if (oid != 0) return look_up("c.oid = " + std::to_string(oid));

  const std::string current = text_of(found[2]);
  if (parts.size() == 1 && !current.empty()) {
    return {.path = {current, parts.front()}, .columns = {}};
  }
  if (parts.size() > 1 && is_here && is_true(found[4])) {
    return {.path = {schema, parts.back()}, .columns = {}};
  }
  const std::string text(name);
  ErrorText error{.consequence = "The rows were not stored."};
  if (parts.size() == 1) {
    error.what = "There is no schema for the table " + text + ".";
    error.why = "None of the schemas in the search_path of " + place() + " exists.";
    error.countermeasure = "Name the schema with the table, as in schema.table.";
  } else {
    error.what = is_here
                     ? "There is no schema " + quote_name(schema) + " for the table " + text + "."
                     : "The table " + text + " is in another database.";
    error.why = "The name of a table is split at its dots; the connection is to " + place() + ".";
    error.countermeasure = "Create the schema, correct the name, or write " + quote_name(text) +
                           " for a name with dots.";
  }
  throw user_error(std::move(error));
}

TableShape PostgresStore::read_table(const std::vector<std::string>& path) {
  std::string condition = "c.relname = " + quote_text(cut_name(path.back())) + " AND n.nspname = ";
  condition += path.size() > 1 ? quote_text(path[path.size() - 2]) : "current_schema()";
  TableShape table = look_up(condition);
  if (!table.exists()) table.path = path;
  return table;
}

TableShape PostgresStore::look_up(const std::string& condition) {
  TableShape table;
  TableFacts facts;
  for (const auto& row : query(catalog_query(PQserverVersion(session_->handle()), condition))) {
    const std::string kind = text_of(row[kRelationKind]);
    table.path = {text_of(row[kSchema]), text_of(row[kTable])};
    if (std::string_view("rpfv").find(kind) == std::string_view::npos) {
      throw user_error({.what = quote_path(table.path) + " is no table that rows can go to.",
                        .why = "It is a sequence, an index, a materialized view or a type.",
                        .consequence = "The rows were not stored.",
                        .countermeasure = "Choose another name for the destination table."});
    }
    facts.takes_copy = !is_true(row[kIndirect]);
    facts.has_triggers = is_true(row[kTriggers]);
    if (row[kName].is_null()) {
      throw user_error(
          {.what = "The table " + quote_path(table.path) + " has no columns that rows can fill.",
           .consequence = "The rows were not stored.",
           .countermeasure = "Add columns to it, or send the rows elsewhere."});
    }
    const std::string sort = text_of(row[kTypeSort]);
    const Kind own = sort == "d" ? kind_behind(row[kBaseType])
                                 : kind_of(oid_of(row[kTypeNumber]), sort.empty() ? 0 : sort[0],
                                           is_true(row[kIsArray]));
    facts.kinds.push_back(own);
    table.columns.push_back({.name = text_of(row[kName]),
                             .type = text_of(row[kType]),
                             .holds = family_of(own),
                             .not_null = is_true(row[kNotNull]),
                             .default_value = text_of(row[kDefault])});
  }
  if (table.exists()) {
    facts.columns = table.columns;
    facts_[table.path] = std::move(facts);
  }
  return table;
}

// Of a domain, which may stand for another one.
Kind PostgresStore::kind_behind(const Value& domain) {
  Oid type = oid_of(domain);
  for (;;) {
    const auto rows = query(
        "SELECT typtype, typcategory = 'A', typbasetype FROM pg_catalog.pg_type WHERE oid = " +
        std::to_string(type));
    if (rows.empty()) return Kind::other;
    const std::string sort = text_of(rows[0][0]);
    if (sort != "d") return kind_of(type, sort.empty() ? 0 : sort[0], is_true(rows[0][1]));
    type = oid_of(rows[0][2]);
  }
}

const PostgresStore::TableFacts& PostgresStore::facts_of(const TableShape& table) {
  const auto known = facts_.find(table.path);
  if (known != facts_.end() && are_alike(known->second.columns, table.columns)) {
    return known->second;
  }
  if (!are_alike(read_table(table.path).columns, table.columns)) throw_changed(table);
  return facts_.at(table.path);
}

std::string PostgresStore::fold(std::string_view name) const { return fold_name(name); }

std::string PostgresStore::new_column_name(std::string_view name) const {
  return column_name(name);
}

void PostgresStore::lock_definition(const TableShape& table) {
  run("SELECT pg_advisory_xact_lock(" +
      std::to_string(static_cast<std::int64_t>(hash_of("vdk " + quote_path(table.path)))) + ")");
}

// ---- definitions
// ---------------------------------------------------------------------------------

std::string PostgresStore::column_type(const Column& column, std::size_t) {
  return type_for(column.field.type);
}

std::string PostgresStore::wider_type(const TableColumn& known, bool is_empty, const Column& column,
                                      std::size_t rows) {
  if (is_empty && known.type == type_for(ColumnType::text)) {  // until it has a value
    std::string type = type_for(column.field.type);
    return type == known.type ? std::string() : type;
  }
  return wider_type_for(known.type, column, rows);
}

void PostgresStore::change_type(const TableShape& table, const TableColumn& column,
                                const std::string& type) {
  const std::string name = quote_name(column.name);
  std::string target = type;
  if (family_of_type(column.type) == ColumnType::integer &&
      family_of_type(type) == ColumnType::real) {
    const auto rounded = query("SELECT 1 FROM " + quote_path(table.path) + " WHERE abs(" + name +
                               "::numeric) > 9007199254740992 LIMIT 1");
    if (!rounded.empty()) target = type_for(ColumnType::decimal);
  }
  const bool is_unsettled = column.type == type_for(ColumnType::text);  // it has no values
  run("ALTER TABLE " + quote_path(table.path) + " ALTER COLUMN " + name + " TYPE " + target +
      " USING " + (is_unsettled ? "NULL" : converted(name, column.type, target)));
}

TableShape PostgresStore::create_like(const TableShape& table, std::span<const std::size_t> columns,
                                      const std::string& name, bool temporary) {
  std::string list;
  for (const std::size_t index : columns) {
    const TableColumn& column = table.columns[index];
    list += (list.empty() ? "" : ", ") + quote_name(column.name) + ' ' + column.type;
    if (temporary) continue;
    if (!column.default_value.empty()) list += " DEFAULT " + column.default_value;
    if (column.not_null) list += " NOT NULL";
  }
  if (temporary) {
    run("CREATE TEMPORARY TABLE " + quote_name(name) + " (" + list + ") ON COMMIT DROP");
    return look_up("c.relname = " + quote_text(name) + " AND c.relnamespace = pg_my_temp_schema()");
  }
  std::vector<std::string> path = table.path;
  path.back() = name;
  run("CREATE TABLE " + quote_path(path) + " (" + list + ")");
  return read_table(path);
}

// ---- rows
// ----------------------------------------------------------------------------------------

struct PostgresStore::AppendPlan {
  std::vector<std::size_t> columns{};  // of the table, in the order of the rows sent
  std::vector<OutgoingRows> batches{};
  CopyFormat format = CopyFormat::binary;
  std::size_t rows = 0;
  bool fills_in_defaults = false;
};

namespace {

bool has_null(const Column& column, std::size_t rows) {
  if (column.field.type == ColumnType::null) return rows != 0;
  if (column.validity.empty()) return false;
  for (std::size_t row = 0; row < rows; ++row) {
    if (column.is_null(row)) return true;
  }
  return false;
}

bool has_value(const Column& column, std::size_t rows) {
  if (column.field.type == ColumnType::null) return false;
  for (std::size_t row = 0; row < rows; ++row) {
    if (!column.is_null(row)) return true;
  }
  return false;
}

[[noreturn]] void refuse_missing(const TableShape& table, const TableColumn& column,
                                 std::vector<std::size_t> rows) {
  throw RowsRefused({.what = "The column " + quote_name(column.name) + " of the table " +
                             quote_path(table.path) + " takes no NULL.",
                     .why = "It is declared NOT NULL without a default, and rows have no value "
                            "for it."},
                    "not_null", column.name, std::move(rows));
}

std::string excerpt_of(const Column& column, std::size_t row) {
  constexpr std::size_t kMost = 60;
  std::string text;
  append_cell_text(text, column, row);
  if (text.size() <= kMost) return text;
  std::size_t end = kMost;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80) --end;
  return text.substr(0, end) + "...";
}

std::string names_of(const TableShape& table, std::span<const std::size_t> columns) {
  std::string names;
  for (const std::size_t column : columns) {
    names += (names.empty() ? "" : ", ") + quote_name(table.columns[column].name);
  }
  return names;
}

}  // namespace

void PostgresStore::append(const TableShape& table, std::span<const std::size_t> into,
                           std::span<const Batch> batches) {
  AppendPlan plan;
  for (const Batch& batch : batches) plan.rows += batch.rows();
  if (plan.rows == 0) return;
  const TableFacts facts = facts_of(table);
  const ServerWays server{.version = PQserverVersion(session_->handle()),
                          .is_utc = reads_times_as_utc(session_->handle())};

  // Which columns are sent: those that get values, and those that must get NULL and no default.
  std::vector<std::size_t> sources;  // for each column sent that of the batches
  for (std::size_t i = 0; i < into.size(); ++i) {
    const TableColumn& column = table.columns[into[i]];
    if (column.not_null && !column.default_value.empty()) {
      bool some = false;
      bool none = false;
      for (const Batch& batch : batches) {
        some = some || has_value(batch.column(i), batch.rows());
        none = none || has_null(batch.column(i), batch.rows());
      }
      if (!some) continue;
      plan.fills_in_defaults = plan.fills_in_defaults || none;
    }
    plan.columns.push_back(into[i]);
    sources.push_back(i);
  }
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const TableColumn& column = table.columns[i];
    if (std::ranges::find(into, i) != into.end()) continue;
    if (!column.not_null && !column.default_value.empty()) plan.columns.push_back(i);
    if (column.not_null && column.default_value.empty() && !facts.has_triggers) {
      std::vector<std::size_t> all(plan.rows);
      for (std::size_t row = 0; row < all.size(); ++row) all[row] = row;
      refuse_missing(table, column, std::move(all));
    }
  }

  // The values as they travel.
  plan.batches.resize(batches.size());
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const TableColumn& column = table.columns[plan.columns[i]];
    const Kind kind = facts.kinds[plan.columns[i]];
    const bool takes_null = !column.not_null || !column.default_value.empty() || facts.has_triggers;
    std::vector<std::size_t> missing;
    std::string reason;
    std::string first_value;
    std::vector<std::size_t> refused;
    std::size_t before = 0;
    for (std::size_t b = 0; b < batches.size(); ++b) {
      const Batch& batch = batches[b];
      const Column& source = batch.column(sources[i]);
      if (!takes_null && has_null(source, batch.rows())) {
        for (std::size_t row = 0; row < batch.rows(); ++row) {
          if (source.is_null(row)) missing.push_back(before + row);
        }
      }
      Outgoing outgoing = to_binary(source, batch.rows(), kind, server);
      for (const Misfits& misfits : outgoing.misfits) {
        if (reason.empty()) {
          reason = misfits.reason;
          first_value = excerpt_of(source, misfits.rows.front());
        }
        if (reason != misfits.reason) continue;
        for (const std::size_t row : misfits.rows) refused.push_back(before + row);
      }
      if (outgoing.needs_server) plan.format = CopyFormat::text;
      plan.batches[b].columns.push_back(std::move(outgoing));
      plan.batches[b].rows = batch.rows();
      before += batch.rows();
    }
    if (!missing.empty()) refuse_missing(table, column, std::move(missing));
    if (!refused.empty()) {
      throw RowsRefused({.what = "The value '" + first_value + "' does not fit the column " +
                                 quote_name(column.name) + " of type " + column.type + "."},
                        reason, column.name, std::move(refused));
    }
  }
  if (plan.format == CopyFormat::text) {
    for (std::size_t b = 0; b < batches.size(); ++b) {
      for (std::size_t i = 0; i < sources.size(); ++i) {
        plan.batches[b].columns[i] =
            to_text(batches[b].column(sources[i]), batches[b].rows(), facts.kinds[plan.columns[i]]);
      }
    }
  }
  for (OutgoingRows& rows : plan.batches) rows.columns.resize(plan.columns.size());

  if (plan.columns.empty()) {
    run("INSERT INTO " + quote_path(table.path) + " SELECT FROM generate_series(1, " +
        std::to_string(plan.rows) + ")");
  } else if (!facts.takes_copy || plan.fills_in_defaults) {
    insert_by_way_of_copy(plan, table);
  } else {
    copy(plan, table);
    // Binary values mean what the types mean that the table had when it was read. Its lock is ours
    // by now, so what it is, it stays.
    if (plan.format == CopyFormat::binary &&
        !are_alike(read_table(table.path).columns, table.columns)) {
      throw_changed(table);
    }
  }
}

void PostgresStore::copy(const AppendPlan& plan, const TableShape& table) {
  std::string sql =
      "COPY " + quote_path(table.path) + " (" + names_of(table, plan.columns) + ") FROM STDIN";
  if (plan.format == CopyFormat::binary) sql += " (FORMAT binary)";
  check_sql(sql);
  try {
    copy_rows(*session_, sql, plan.format, plan.batches);
  } catch (const PostgresError& error) {
    fail(error, During::append, table.path.back(), plan.rows);
  }
}

void PostgresStore::insert_by_way_of_copy(const AppendPlan& plan, const TableShape& table) {
  const TableShape staged = create_like(table, plan.columns, "_vdk_rows", true);
  copy(plan, {.path = staged.path, .columns = table.columns});
  std::string values;
  for (const std::size_t index : plan.columns) {
    const TableColumn& column = table.columns[index];
    const std::string name = quote_name(column.name);
    const bool defaulted = column.not_null && !column.default_value.empty();
    values += values.empty() ? "" : ", ";
    values += defaulted ? "coalesce(" + name + ", " + column.default_value + ")" : name;
  }
  run("INSERT INTO " + quote_path(table.path) + " (" + names_of(table, plan.columns) + ") SELECT " +
      values + " FROM " + quote_path(staged.path));
  run("DROP TABLE " + quote_path(staged.path));
}

std::unique_ptr<TableStore> open_store(const Engine& engine, const Configuration& configuration,
                                       std::string_view section) {
  const Settings settings = read_settings(engine, configuration, section);
  try {
    return std::make_unique<PostgresStore>(std::make_unique<Session>(settings));
  } catch (const PostgresError& error) {
    // A server that starts, or has no connection to spare, may have one later.
    if (error.is_transient()) throw ConnectionLost(error.text());
    throw;
  }
}

}  // namespace vdk::postgres
