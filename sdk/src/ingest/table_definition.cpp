#include "ingest/table_definition.hpp"

#include <string_view>

#include <fmt/format.h>

#include "ingest/table_fit.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"

namespace vdk {
namespace {

constexpr std::string_view kLogger = "vdk.ingest";

// The column with its values where a type depends on them, else only its name and type: values
// that stay with another library are not read for nothing.
Column sample(const Batch& batch, std::size_t index) {
  const Field& field = batch.schema()[index];
  return field.type == ColumnType::decimal ? batch.column(index) : Column{field};
}

bool can_add(const StoreTraits& traits, std::size_t columns, const std::string& name) {
  if (name.find('\0') != std::string::npos) return false;
  if (name.empty() && !traits.holds_empty_names) return false;
  if (traits.most_columns != 0 && columns >= traits.most_columns) return false;
  return traits.longest_name == 0 || name.size() <= traits.longest_name;
}

bool has_rows(TableStore& store, const TableShape& table) {
  return !store.query("SELECT 1 FROM " + quote_path(table.path) + " LIMIT 1").empty();
}

}  // namespace

bool TableDefinition::is_flag(const Field& field) const {
  return options_.disposition == Disposition::merge && field.name == options_.delete_flag;
}

void TableDefinition::create(TableStore& store, const TableShape& place, const Batch& batch) const {
  const StoreTraits& traits = store.traits();
  const std::string name = quote_path(place.path);
  if (!settings_.create_tables) {
    throw user_error(
        {.what = fmt::format("Cannot send payload for ingestion to {} database.", traits.engine),
         .why = fmt::format("The destination table {} does not exist in {}, and tables may not be "
                            "created (ingest_create_tables, or the engine's own option, is off).",
                            name, store.place()),
         .consequence = "No row of this batch was stored.",
         .countermeasure = fmt::format(
             "Make sure the destination_table exists in the target {} database.", traits.engine)});
  }
  log(LogLevel::info, kLogger,
      fmt::format("The table {} does not exist; it is created from the first batch of rows.",
                  name));
  std::string columns;
  std::set<std::string> names;
  for (std::size_t i = 0; i < batch.schema().size(); ++i) {
    const Field& field = batch.schema()[i];
    if (is_flag(field) || !can_add(traits, names.size(), field.name)) continue;
    const std::string own_name = store.new_column_name(field.name);
    if (!names.insert(store.fold(own_name)).second) continue;  // fit_rows makes one of both
    columns += fmt::format("{}{} {}", columns.empty() ? "" : ", ", quote_name(own_name),
                           store.column_type(sample(batch, i), batch.rows()));
  }
  if (options_.disposition == Disposition::merge && traits.indexes_merge_keys) {
    std::string keys;
    for (const std::string& key : options_.keys) {
      keys += (keys.empty() ? "" : ", ") + quote_name(store.new_column_name(key));
    }
    columns += fmt::format(", PRIMARY KEY ({})", keys);
  }
  store.run(fmt::format("CREATE TABLE {} ({})", name, columns));
}

bool TableDefinition::must_evolve(TableStore& store, const TableShape& table, const Batch& batch) {
  const FoldName fold = folder(store);
  for (std::size_t i = 0; i < batch.schema().size(); ++i) {
    const Field& field = batch.schema()[i];
    if (is_flag(field)) continue;
    const auto place = find_column(table, field.name, fold);
    if (!place || !wider(store, table, table.columns[*place], batch, i).empty()) return true;
  }
  return false;
}

std::string TableDefinition::wider(TableStore& store, const TableShape& table,
                                   const TableColumn& known, const Batch& batch,
                                   std::size_t index) {
  const Field& field = batch.schema()[index];
  const ColumnType type = field.type;
  if (type == ColumnType::null) return {};
  // The everyday case needs no look at the values.
  if (type == known.holds && type != ColumnType::decimal &&
      store.column_type(Column{field}, 0) == known.type) {
    return {};
  }
  bool is_empty = false;
  if (known.holds == ColumnType::text && type != ColumnType::text &&
      !filled_.contains(known.name)) {
    // A column of text that no row has a value in was made when its type was not known yet.
    is_empty = store
                   .query(fmt::format("SELECT 1 FROM {} WHERE {} IS NOT NULL LIMIT 1",
                                      quote_path(table.path), quote_name(known.name)))
                   .empty();
    if (!is_empty) filled_.insert(known.name);
  }
  return store.wider_type(known, is_empty, batch.column(index), batch.rows());
}

bool TableDefinition::evolve(TableStore& store, TableShape& table, const Batch& batch) {
  const StoreTraits& traits = store.traits();
  const FoldName fold = folder(store);
  bool changed = false;
  for (std::size_t i = 0; i < batch.schema().size(); ++i) {
    const Field& field = batch.schema()[i];
    if (is_flag(field)) continue;
    const auto place = find_column(table, field.name, fold);
    if (!place) {
      if (!can_add(traits, table.columns.size(), field.name)) continue;
      store.run(fmt::format("ALTER TABLE {} ADD COLUMN {} {}", quote_path(table.path),
                            quote_name(store.new_column_name(field.name)),
                            store.column_type(sample(batch, i), batch.rows())));
    } else {
      const TableColumn& known = table.columns[*place];
      const std::string type = wider(store, table, known, batch, i);
      if (type.empty() || type == known.type) continue;
      if (traits.rewrites_when_widening && !settings_.allow_rewrite && has_rows(store, table)) {
        continue;  // the rows that do not fit are refused, each with its reason
      }
      store.change_type(table, known, type);
    }
    table = store.read_table(table.path);
    changed = true;
  }
  return changed;
}

}  // namespace vdk
