#include "ingest/merge.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <unordered_map>

#include <fmt/format.h>

#include "vdk/data/batch_rows.hpp"
#include "vdk/data/text_form.hpp"

namespace vdk {
namespace {

constexpr double kExactReal = 9007199254740992.0;  // 2^53

// The keys of a row as one text; 1 and 1.0 are the same key.
std::string key_of(const Batch& batch, const std::vector<std::size_t>& keys, std::size_t row) {
  std::string key;
  for (const std::size_t index : keys) {
    const Column& column = batch.columns()[index];
    std::string text;
    if (column.field.type == ColumnType::real && std::abs(column.real(row)) < kExactReal &&
        std::trunc(column.real(row)) == column.real(row)) {
      append_integer_text(text, static_cast<std::int64_t>(column.real(row)));
    } else {
      append_cell_text(text, column, row);
    }
    key += std::to_string(text.size());
    key += ':';
    key += text;
  }
  return key;
}

bool is_set(const Column& flag, std::size_t row) {
  if (flag.is_null(row)) return false;
  switch (flag.field.type) {
    case ColumnType::boolean:
      return flag.boolean(row);
    case ColumnType::integer:
      return flag.integer(row) != 0;
    case ColumnType::real:
      return flag.real(row) != 0;
    default: {
      std::string text;
      append_cell_text(text, flag, row);
      return !text.empty() && text != "0" && text != "False" && text != "false" && text != "f";
    }
  }
}

std::string columns_equal(const TableShape& table, std::span<const std::size_t> columns,
                          std::string_view left, std::string_view right) {
  std::string sql;
  for (const std::size_t column : columns) {
    const std::string name = quote_name(table.columns[column].name);
    sql += fmt::format("{}{}.{} = {}.{}", sql.empty() ? "" : " AND ", left, name, right, name);
  }
  return sql;
}

}  // namespace

MergeRows plan_merge(const Batch& batch, const std::vector<std::size_t>& keys, const Column* flag) {
  MergeRows rows;
  std::unordered_map<std::string, std::size_t> last;
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    const bool has_null = std::ranges::any_of(
        keys, [&](std::size_t key) { return batch.columns()[key].is_null(row); });
    if (has_null) {
      rows.null_keys.push_back(row);
    } else {
      last.insert_or_assign(key_of(batch, keys, row), row);
    }
  }
  for (const auto& [key, row] : last) {
    (flag != nullptr && is_set(*flag, row) ? rows.deletions : rows.upserts).push_back(row);
  }
  std::ranges::sort(rows.deletions);
  std::ranges::sort(rows.upserts);
  return rows;
}

void merge_rows(TableStore& store, const TableShape& table, const Batch& batch,
                const std::vector<std::size_t>& into, const std::vector<std::size_t>& keys,
                const MergeRows& rows) {
  const std::string target = quote_path(table.path);
  std::vector<std::size_t> table_keys;
  for (const std::size_t key : keys) table_keys.push_back(into[key]);
  // The rows' own columns of the staging table, in their order.
  std::vector<std::size_t> in_order(into.size());
  for (std::size_t i = 0; i < in_order.size(); ++i) in_order[i] = i;

  if (!rows.deletions.empty()) {
    std::vector<Column> key_columns;
    for (const std::size_t key : keys) {
      key_columns.push_back(select_rows(batch.columns()[key], rows.deletions));
    }
    const Batch deletions(std::move(key_columns), rows.deletions.size());
    const TableShape gone = store.create_like(table, table_keys, "_vdk_deleted", true);
    store.append(gone, std::span(in_order).first(keys.size()), std::span(&deletions, 1));
    store.run(fmt::format("DELETE FROM {} AS t WHERE EXISTS (SELECT 1 FROM {} AS s WHERE {})",
                          target, quote_path(gone.path),
                          columns_equal(table, table_keys, "s", "t")));
    store.run("DROP TABLE " + quote_path(gone.path));
  }
  if (rows.upserts.empty()) return;
  const Batch upserts = select_rows(batch, rows.upserts);
  const TableShape staged = store.create_like(table, into, "_vdk_merged", true);
  store.append(staged, in_order, std::span(&upserts, 1));
  const std::string source = quote_path(staged.path);
  std::string assignments;
  std::string names;
  std::string values;
  for (const std::size_t column : into) {
    const std::string name = quote_name(table.columns[column].name);
    names += (names.empty() ? "" : ", ") + name;
    values += (values.empty() ? "s." : ", s.") + name;
    if (std::ranges::find(table_keys, column) != table_keys.end()) continue;
    assignments += fmt::format("{}{} = s.{}", assignments.empty() ? "" : ", ", name, name);
  }
  if (!assignments.empty()) {
    store.run(fmt::format("UPDATE {} AS t SET {} FROM {} AS s WHERE {}", target, assignments,
                          source, columns_equal(table, table_keys, "s", "t")));
  }
  store.run(fmt::format(
      "INSERT INTO {} ({}) SELECT {} FROM {} AS s WHERE NOT EXISTS (SELECT 1 FROM {} AS t WHERE "
      "{})",
      target, names, values, source, target, columns_equal(table, table_keys, "s", "t")));
  store.run("DROP TABLE " + source);
}

}  // namespace vdk
