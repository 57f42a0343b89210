#include "ingest/table_fit.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <ranges>
#include <utility>

#include <fmt/format.h>

#include "vdk/data/batch_builder.hpp"
#include "vdk/data/batch_rows.hpp"
#include "vdk/data/convert.hpp"

namespace vdk {
namespace {

// Which rows stay, and the reasons for which others do not.
class RowFilter {
 public:
  RowFilter(std::size_t rows, std::int64_t first_row)
      : state_(rows, State::kept), first_row_(first_row) {}

  void drop(std::size_t row, bool rejects, std::string_view reason, std::string_view column,
            const std::function<std::string()>& message) {
    if (state_[row] != State::kept) return;  // the first reason counts
    state_[row] = rejects ? State::rejected : State::discarded;
    count(rejects ? rejected_ : discarded_, row, reason, column, message);
    all_kept_ = false;
  }
  void discard_value(std::size_t row, std::string_view reason, std::string_view column,
                     const std::function<std::string()>& message) {
    if (state_[row] == State::kept) count(discarded_, row, reason, column, message);
  }

  [[nodiscard]] bool all_kept() const { return all_kept_; }
  [[nodiscard]] std::vector<std::size_t> kept() const { return rows_in(State::kept); }
  [[nodiscard]] std::vector<std::size_t> rejected_rows() const { return rows_in(State::rejected); }
  [[nodiscard]] std::vector<Rejection> take_rejected() { return std::move(rejected_); }
  [[nodiscard]] std::vector<Rejection> take_discarded() { return std::move(discarded_); }

 private:
  enum class State : std::uint8_t { kept, rejected, discarded };

  void count(std::vector<Rejection>& list, std::size_t row, std::string_view reason,
             std::string_view column, const std::function<std::string()>& message) const {
    const auto known = std::ranges::find_if(list, [&](const Rejection& rejection) {
      return rejection.reason == reason && rejection.column == column;
    });
    if (known != list.end()) {
      ++known->rows;
    } else {
      list.push_back({std::string(reason), std::string(column), message(),
                      first_row_ + static_cast<std::int64_t>(row), 1});
    }
  }
  [[nodiscard]] std::vector<std::size_t> rows_in(State wanted) const {
    std::vector<std::size_t> rows;
    for (std::size_t row = 0; row < state_.size(); ++row) {
      if (state_[row] == wanted) rows.push_back(row);
    }
    return rows;
  }

  std::vector<State> state_;
  std::int64_t first_row_;
  bool all_kept_ = true;
  std::vector<Rejection> rejected_;
  std::vector<Rejection> discarded_;
};

void apply(RowFilter& filter, Misfit misfit, std::size_t row, std::string_view reason,
           std::string_view column, const std::function<std::string()>& message) {
  if (misfit == Misfit::discard_value) return filter.discard_value(row, reason, column, message);
  filter.drop(row, misfit == Misfit::reject_row, reason, column, message);
}

void refuse_unknown(RowFilter& filter, const Batch& batch, const Column& column,
                    const TableShape& table, const FitRules& rules) {
  Misfit misfit = rules.unknown;
  if (rules.keeps_first_row_keys && batch.rows() != 0 && !column.is_null(0)) {
    misfit = Misfit::reject_row;
  }
  const auto message = [&] {
    constexpr std::size_t kMostShown = 30;
    std::string known;
    for (const TableColumn& other : table.columns | std::views::take(kMostShown)) {
      known += (known.empty() ? "" : ", ") + other.name;
    }
    if (table.columns.size() > kMostShown) {
      known += fmt::format(" and {} more", table.columns.size() - kMostShown);
    }
    return fmt::format("The table has no column \"{}\"; its columns are: {}.", column.field.name,
                       known);
  };
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    if (!column.is_null(row)) {
      apply(filter, misfit, row, "unknown_column", column.field.name, message);
    }
  }
}

std::string excerpt(const Column& column, std::size_t row) {
  constexpr std::size_t kMost = 60;
  std::string text;
  append_cell_text(text, column, row);
  if (text.size() > kMost) {
    std::size_t end = kMost;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80) --end;
    text.resize(end);
    text += "...";
  }
  return text;
}

// The column with the type that the table's column holds, its misfits dealt with.
Column converted(RowFilter& filter, const Column& column, std::size_t rows,
                 const TableColumn& known, Misfit misfit) {
  Conversion conversion = convert_column(column, rows, known.holds);
  for (const std::size_t row : conversion.misfits) {
    apply(filter, misfit, row, "wrong_type", column.field.name, [&] {
      return fmt::format("The value '{}' does not fit the column \"{}\" of type {}.",
                         excerpt(column, row), known.name, known.type);
    });
  }
  return std::move(conversion.column);
}

void refuse_nul(RowFilter& filter, const Column& column, std::size_t rows,
                const StoreTraits& traits) {
  const bool textual = column.field.type == ColumnType::text ||
                       column.field.type == ColumnType::json ||
                       column.field.type == ColumnType::decimal;
  if (!textual || column.values.empty() ||
      std::memchr(column.values.data(), 0, column.values.size()) == nullptr) {
    return;
  }
  for (std::size_t row = 0; row < rows; ++row) {
    if (column.is_null(row) || column.bytes(row).find('\0') == std::string_view::npos) continue;
    filter.drop(row, true, "nul_byte", column.field.name, [&] {
      return fmt::format("The text in column \"{}\" has a NUL character, which {} cannot hold.",
                         column.field.name, traits.engine);
    });
  }
}

// Two columns of the rows that are one of the table: the value of whichever has one.
Column merged(RowFilter& filter, const Column& first, const Column& second, std::size_t rows) {
  const ColumnType type = unite(first.field.type, second.field.type);
  const Column one = convert_column(first, rows, type).column;
  const Column two = convert_column(second, rows, type).column;
  bool has_second = false;
  for (std::size_t row = 0; row < rows; ++row) {
    if (two.is_null(row)) continue;
    if (!one.is_null(row)) {
      filter.drop(row, true, "duplicate_column", second.field.name, [&] {
        return fmt::format(
            "The names \"{}\" and \"{}\" mean one column of the table, and the row "
            "has a value for both.",
            first.field.name, second.field.name);
      });
    }
    has_second = true;
  }
  if (!has_second) return one;
  BatchBuilder builder;
  const std::size_t at = builder.column(first.field.name);
  for (std::size_t row = 0; row < rows; ++row) {
    const Column& source = two.is_null(row) ? one : two;
    if (!source.is_null(row)) {
      switch (type) {
        case ColumnType::boolean:
          builder.append_boolean(at, source.boolean(row));
          break;
        case ColumnType::integer:
          builder.append_integer(at, source.integer(row));
          break;
        case ColumnType::real:
          builder.append_real(at, source.real(row));
          break;
        case ColumnType::date:
          builder.append_date(at, source.integer(row));
          break;
        case ColumnType::timestamp:
          builder.append_timestamp(at, source.integer(row));
          break;
        case ColumnType::timestamp_tz:
          builder.append_timestamp_utc(at, source.integer(row));
          break;
        case ColumnType::binary:
          builder.append_binary(at, source.bytes(row));
          break;
        case ColumnType::decimal:
          builder.append_decimal(at, source.bytes(row));
          break;
        case ColumnType::json:
          builder.append_json(at, source.bytes(row));
          break;
        case ColumnType::text:
          builder.append_text(at, source.bytes(row));
          break;
        case ColumnType::null:
          break;
      }
    }
    builder.end_row();
  }
  return builder.finish().columns().at(0);
}

}  // namespace

std::optional<std::size_t> find_column(const TableShape& table, std::string_view name,
                                       const FoldName& fold) {
  const auto exact = std::ranges::find(table.columns, name, &TableColumn::name);
  if (exact != table.columns.end()) {
    return static_cast<std::size_t>(exact - table.columns.begin());
  }
  const std::string folded = fold(name);
  const auto same = std::ranges::find_if(
      table.columns, [&](const TableColumn& column) { return fold(column.name) == folded; });
  if (same == table.columns.end()) return std::nullopt;
  return static_cast<std::size_t>(same - table.columns.begin());
}

FittedRows fit_rows(const Batch& batch, const TableShape& table, const StoreTraits& traits,
                    const FoldName& fold, const FitRules& rules, std::int64_t first_row,
                    std::string_view ignored) {
  FittedRows fitted;
  RowFilter filter(batch.rows(), first_row);
  const Schema& schema = batch.schema();
  std::vector<std::size_t> sources;    // columns of the batch that go in
  std::map<std::size_t, Column> made;  // those of them that were changed, by place in sources
  for (std::size_t i = 0; i < schema.size(); ++i) {
    const Field& field = schema[i];
    if (!ignored.empty() && field.name == ignored) continue;
    const auto place = find_column(table, field.name, fold);
    if (!place) {
      refuse_unknown(filter, batch, batch.column(i), table, rules);
      continue;
    }
    const TableColumn& known = table.columns[*place];
    std::optional<Column> changed;
    if (rules.wrong_type && known.holds != ColumnType::null &&
        unite(known.holds, field.type) != known.holds) {
      changed = converted(filter, batch.column(i), batch.rows(), known, *rules.wrong_type);
    }
    if (!traits.holds_nul_in_text) {
      refuse_nul(filter, changed ? *changed : batch.column(i), batch.rows(), traits);
    }
    const auto twin = std::ranges::find(fitted.into, *place);
    if (twin != fitted.into.end()) {
      const auto at = static_cast<std::size_t>(twin - fitted.into.begin());
      const auto former = made.find(at);
      made.insert_or_assign(
          at, merged(filter, former == made.end() ? batch.column(sources[at]) : former->second,
                     changed ? *changed : batch.column(i), batch.rows()));
      continue;
    }
    if (changed) made.emplace(sources.size(), std::move(*changed));
    sources.push_back(i);
    fitted.into.push_back(*place);
  }
  const bool all_kept = filter.all_kept();
  if (!all_kept) fitted.kept = filter.kept();
  if (all_kept && made.empty()) {
    fitted.batch = sources.size() == schema.size() ? batch : batch.select(sources);
  } else {
    std::vector<Column> chosen;
    chosen.reserve(sources.size());
    for (std::size_t i = 0; i < sources.size(); ++i) {
      const auto changed = made.find(i);
      const Column& column = changed == made.end() ? batch.column(sources[i]) : changed->second;
      chosen.push_back(all_kept ? column : select_rows(column, fitted.kept));
    }
    fitted.batch = Batch(std::move(chosen), all_kept ? batch.rows() : fitted.kept.size());
  }
  fitted.rejected_rows = filter.rejected_rows();
  fitted.rejected = filter.take_rejected();
  fitted.discarded = filter.take_discarded();
  return fitted;
}

}  // namespace vdk
