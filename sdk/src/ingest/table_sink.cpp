// The rules of loads into tables, the same for every engine.
#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "base/kill_point.hpp"
#include "ingest/batch_parts.hpp"
#include "ingest/ledger.hpp"
#include "ingest/merge.hpp"
#include "ingest/rejections.hpp"
#include "ingest/store_pool.hpp"
#include "ingest/table_definition.hpp"
#include "ingest/table_fit.hpp"
#include "ingest/table_settings.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"
#include "vdk/config/configuration.hpp"
#include "vdk/data/batch_rows.hpp"
#include "vdk/ingest/dead_letter.hpp"
#include "vdk/ingest/table_store.hpp"

namespace vdk {
namespace {

constexpr std::string_view kLogger = "vdk.ingest";
constexpr std::int64_t kMostSoughtRows = 1000;  // refused rows that are looked for one by one

std::size_t count_bytes(std::span<const Batch> batches) {
  std::size_t bytes = 0;
  for (const Batch& batch : batches) bytes += batch.bytes_while_unread();
  return bytes;
}

// The engine refused values of an append, in terms of the rows that were given to the sink.
struct Refused {
  RowsRefused cause;
  std::vector<std::size_t> rows;  // counted over the batches given; empty: not known
};

// Rows of consecutive batches that go into a table in one append.
struct Portion {
  std::vector<std::size_t> into;
  std::vector<Batch> batches;
  std::vector<std::size_t> rows;  // for each row its index over the batches given
};

// What a transaction comes to, from its commit on.
struct Committed {
  std::optional<LoadPosition> position{};
  WriteResult result{};
};

class TableSink final : public Sink {
 public:
  TableSink(std::shared_ptr<StorePool> pool, TableSettings settings,
            std::filesystem::path dead_letters, Destination destination)
      : pool_(std::move(pool)),
        settings_(std::move(settings)),
        dead_letter_(std::move(dead_letters)),
        load_{.execution = {}, .step = {}, .destination = std::move(destination)} {}

  LoadPosition begin_load(const Load& load) override {
    load_ = load;
    ledger_.reset();
    recorded_.reset();
    position_ = {};
    staging_.clear();
    definition_.begin_load();
    stored_ = false;
    with_store([&](TableStore& store) {
      row_group_ = store.traits().row_group;
      stores_arrow_ = store.traits().takes_arrow;
      // A table that is made for these rows has their types.
      takes_arrow_ = stores_arrow_ && !load_.destination.table.empty() &&
                     !store.find_table(load_.destination.table).exists();
      if (!load.resume || settings_.ledger == LedgerMode::off) return;
      open_ledger(store.find_table(load_.destination.table));
      recorded_ = ledger_->read(store);
    });
    if (recorded_) position_ = *recorded_;
    left_out_ = position_.partial;
    return position_;
  }

  WriteResult write(std::span<const Batch> batches, const LoadPosition& after) override {
    require_table(batches);
    WriteResult result;
    sought_ = 0;
    const std::size_t bytes = count_bytes(batches);
    if (left_out_ == 0) {
      store(batches, position_.total() + 1, after, result);
    } else {
      store_rest(batches, after, result);
    }
    takes_arrow_ = stores_arrow_ && count_bytes(batches) <= bytes;
    return result;
  }

  [[nodiscard]] bool needs_table() const override { return true; }
  [[nodiscard]] bool takes_arrow() const override { return takes_arrow_; }
  [[nodiscard]] std::size_t row_group() const override { return row_group_; }

  void end_load() override {
    if (left_out_ != 0) throw unrepeated_rows(load_.destination, recorded_->total());
    if (holds_back()) replace_rows();
  }

  [[nodiscard]] bool holds_back() const override {
    return load_.options.disposition == Disposition::replace;
  }

  [[nodiscard]] Delivery delivery() const override {
    return keeps_ledger() ? Delivery::exactly_once : Delivery::at_least_once;
  }
  [[nodiscard]] std::string delivery_note() const override { return denied_; }

 private:
  void require_table(std::span<const Batch> batches) const {
    if (load_.destination.table.empty()) {
      throw user_error({.what = "The rows have no destination table.",
                        .consequence = "They were not stored.",
                        .countermeasure = "Pass destination_table when rows are sent."});
    }
    for (const Batch& batch : batches) {
      if (batch.rows() == 0 || !batch.schema().empty()) continue;
      throw user_error(
          {.what = "The rows for the table " + load_.destination.table + " have no columns.",
           .consequence = "They were not stored.",
           .countermeasure = "Send rows with at least one key."});
    }
  }

  [[nodiscard]] bool keeps_ledger() const {
    return settings_.ledger != LedgerMode::off && denied_.empty();
  }
  [[nodiscard]] std::optional<Contract> contract() const {
    return load_.options.contract ? load_.options.contract : settings_.contract;
  }

  // Stores what an earlier attempt did not: the first rows are there.
  void store_rest(std::span<const Batch> batches, const LoadPosition& after, WriteResult& result) {
    const auto rows = static_cast<std::int64_t>(count_rows(batches));
    const std::int64_t known = std::min(left_out_, rows);
    if (known < rows) {
      const std::vector<Batch> rest = halve(batches, static_cast<std::size_t>(known)).second;
      store(rest, position_.total() + 1, after, result);
    }
    left_out_ -= known;
    result.rows_resumed = known;
  }

  // Stores the rows, finding by halves those that the engine refuses. Every part is a transaction
  // of its own, in order, so that what is there is always the beginning of the load.
  void store(std::span<const Batch> batches, std::int64_t first_row, const LoadPosition& after,
             WriteResult& result) {
    std::optional<Refused> refused = attempt(batches, first_row, after, result);
    if (!refused) return;
    const std::size_t rows = count_rows(batches);
    if (rows > 1 && refused->rows.empty()) {
      if (sought_ >= kMostSoughtRows) throw too_many_refused(refused->cause);
      const auto [first, second] = halve(batches, rows / 2);
      LoadPosition between = position_;
      between.rejected = 0;
      between.partial += static_cast<std::int64_t>(rows / 2);
      store(first, first_row, between, result);
      store(second, first_row + static_cast<std::int64_t>(rows / 2), after, result);
      return;
    }
    if (refused->rows.empty()) refused->rows = {0};
    ++sought_;
    const std::vector<Batch> rest = without(batches, refused->rows);
    add_rejections(result.rejected,
                   {{refused->cause.reason(), refused->cause.column(), refused->cause.what(),
                     first_row + static_cast<std::int64_t>(refused->rows.front()),
                     static_cast<std::int64_t>(refused->rows.size())}});
    bury(batches, refused->rows, first_row, refused->cause.reason());
    position_.rejected += static_cast<std::int64_t>(refused->rows.size());
    store(rest, first_row, after, result);
  }

  [[nodiscard]] Error too_many_refused(const RowsRefused& cause) const {
    return user_error(
        {.what = fmt::format("More than {} rows for the table {} were refused one by one.",
                             kMostSoughtRows, load_.destination.table),
         .why = std::string("The last refusal: ") + cause.what(),
         .consequence = "The rows of this batch that follow were not stored.",
         .countermeasure = "Make the values fit the table, or the table fit the values."});
  }

  void bury(std::span<const Batch> batches, std::span<const std::size_t> rows,
            std::int64_t first_row, std::string_view reason) const {
    if (!dead_letter_.keeps()) return;
    std::size_t begin = 0;
    for (const Batch& batch : batches) {
      std::vector<std::size_t> own;
      for (const std::size_t row : rows) {
        if (row >= begin && row < begin + batch.rows()) own.push_back(row - begin);
      }
      dead_letter_.append(load_, batch, own, first_row + static_cast<std::int64_t>(begin), reason);
      begin += batch.rows();
    }
  }

  void with_store(std::function<void(TableStore&)> work,
                  std::function<bool(TableStore&)> is_done = {}) const {
    pool_->run({.table = load_.destination.table,
                .retry = settings_.retry,
                .work = std::move(work),
                .is_done = std::move(is_done)});
  }

  // One transaction with all rows. Returns what the engine refuses; then nothing was stored.
  std::optional<Refused> attempt(std::span<const Batch> batches, std::int64_t first_row,
                                 const LoadPosition& after, WriteResult& result) {
    Committed committed;
    for (;;) {
      try {
        with_store(
            [&](TableStore& store) {
              LoadPosition begun = after;
              begun.rejected += position_.rejected;
              transact(store, batches, first_row, begun, committed);
            },
            [&](TableStore& store) {
              return keeps_ledger() && ledger_ && committed.position &&
                     ledger_->read(store) == committed.position;
            });
        break;
      } catch (const Refused& refused) {
        return refused;
      } catch (const PermissionDenied& denied) {
        if (!in_ledger_ || !keeps_ledger()) throw;
        give_up_ledger(denied);
      }
    }
    position_ = *committed.position;
    stored_ = true;
    if (keeps_ledger()) recorded_ = position_;
    result.rows_stored += committed.result.rows_stored;
    add_rejections(result.rejected, committed.result.rejected);
    add_rejections(result.discarded, committed.result.discarded);
    return std::nullopt;
  }

  void give_up_ledger(const PermissionDenied& denied) {
    if (settings_.ledger == LedgerMode::required) {
      throw user_error({.what = "The ledger of loads cannot be kept, and ingest_ledger demands it.",
                        .why = denied.what(),
                        .consequence = "No row was stored.",
                        .countermeasure =
                            "Let the account create tables in the schema, name another one with "
                            "ingest_ledger_schema, or set ingest_ledger to auto."});
    }
    denied_ = fmt::format("no right to keep _vdk_loads beside {}: {}", load_.destination.table,
                          denied.what());
    log(LogLevel::warning, kLogger,
        fmt::format("Rows are stored at least once, not exactly once: {}", denied_));
  }

  void open_ledger(const TableShape& shape) {
    if (!ledger_) ledger_.emplace(load_, shape.path, settings_.ledger_schema);
  }

  void prepare_ledger(TableStore& store, const TableShape& shape) {
    if (!keeps_ledger()) return;
    in_ledger_ = true;
    open_ledger(shape);
    ledger_->prepare(store);
    ledger_->clean(store);
    in_ledger_ = false;
  }

  void transact(TableStore& store, std::span<const Batch> batches, std::int64_t first_row,
                LoadPosition reached, Committed& committed) {
    in_ledger_ = false;
    WriteResult stored;
    if (!stored_) own_.reset();  // what was found out is undone with its transaction
    const StoreTraits& traits = store.traits();
    TableShape table;
    if (traits.ddl_joins_rows) {
      store.begin();
      table = define(store, batches);
    } else {
      table = store.find_table(load_.destination.table);
      if (!recorded_ || needs_definition(store, table, batches)) {
        store.begin();
        store.lock_definition(table);
        table = define(store, batches);
        store.commit();
        kill_point("ingest.after_definition");
      }
      store.begin();
    }
    kill_point("ingest.before_rows");
    TableShape target = table;
    if (load_.options.disposition == Disposition::replace) target = staging(store, table);

    std::vector<Portion> portions;
    std::size_t begin = 0;
    for (const Batch& batch : batches) {
      fit(store, batch, target, begin, first_row, portions, stored);
      begin += batch.rows();
    }
    for (const Portion& portion : portions) put(store, target, portion, stored);
    reached.rejected += stored.rows_rejected();
    kill_point("ingest.before_ledger");
    if (keeps_ledger()) {
      in_ledger_ = true;
      ledger_->write(store, recorded_, reached, staging_);
      in_ledger_ = false;
    }
    kill_point("ingest.before_commit");
    committed = {reached, std::move(stored)};  // even where the answer is lost
    store.commit();
    kill_point("ingest.after_commit");
  }

  [[nodiscard]] bool evolves(TableStore& store, const TableShape& table) {
    if (contract()) return *contract() == Contract::evolve;
    if (!own_) own_ = keeps_ledger() && ledger_ && ledger_->created(store, table);
    return *own_;
  }

  [[nodiscard]] bool needs_definition(TableStore& store, const TableShape& table,
                                      std::span<const Batch> batches) {
    if (!table.exists()) return true;
    if (!evolves(store, table)) return false;
    return std::ranges::any_of(
        batches, [&](const Batch& batch) { return definition_.must_evolve(store, table, batch); });
  }

  // The table as the rows need it, as far as the contract lets it change.
  TableShape define(TableStore& store, std::span<const Batch> batches) {
    TableShape table = store.find_table(load_.destination.table);
    if (!recorded_ || !ledger_) prepare_ledger(store, table);
    if (batches.empty()) return table;
    bool changed = false;
    if (!table.exists()) {
      definition_.create(store, table, batches.front());
      table = store.read_table(table.path);
      own_ = true;
      changed = true;
    }
    if (evolves(store, table)) {
      for (const Batch& batch : batches)
        changed = definition_.evolve(store, table, batch) || changed;
    }
    if (changed && keeps_ledger()) ledger_->record_table(store, table);
    return table;
  }

  [[nodiscard]] FitRules rules(TableStore& store, const TableShape& table) {
    const std::optional<Contract> chosen = contract();
    if (!chosen && evolves(store, table)) return {};
    if (!chosen) {
      switch (store.traits().unknown_columns) {
        case UnknownColumns::refuse:
          return {};
        case UnknownColumns::drop:
          return {.unknown = Misfit::discard_value};
        case UnknownColumns::drop_unless_in_first_row:
          return {.unknown = Misfit::discard_value, .keeps_first_row_keys = true};
      }
    }
    switch (*chosen) {
      case Contract::evolve:
        return {};
      case Contract::freeze:
        return {.wrong_type = Misfit::reject_row};
      case Contract::discard_row:
        return {.unknown = Misfit::discard_row, .wrong_type = Misfit::discard_row};
      case Contract::discard_value:
        return {.unknown = Misfit::discard_value, .wrong_type = Misfit::discard_value};
    }
    return {};
  }

  // Adds the batch's rows to the portions; `begin` counts the rows of the batches before it.
  void fit(TableStore& store, const Batch& batch, const TableShape& table, std::size_t begin,
           std::int64_t first_row, std::vector<Portion>& portions, WriteResult& stored) {
    const std::int64_t number = first_row + static_cast<std::int64_t>(begin);
    FittedRows fitted =
        fit_rows(batch, table, store.traits(), folder(store), rules(store, table), number,
                 load_.options.disposition == Disposition::merge ? load_.options.delete_flag : "");
    if (!fitted.rejected_rows.empty()) {
      dead_letter_.append(load_, batch, fitted.rejected_rows, number,
                          fitted.rejected.front().reason);
    }
    add_rejections(stored.rejected, fitted.rejected);
    add_rejections(stored.discarded, fitted.discarded);
    if (fitted.batch.rows() == 0 || fitted.into.empty()) {
      if (fitted.batch.rows() != 0) discard_empty(fitted, number, stored);
      return;
    }
    if (load_.options.disposition == Disposition::merge) {
      merge(store, batch, table, fitted, number, stored);
      return;
    }
    if (portions.empty() || portions.back().into != fitted.into ||
        !portions.back().batches.back().exports_alike(fitted.batch)) {
      portions.push_back({fitted.into, {}, {}});
    }
    Portion& portion = portions.back();
    for (std::size_t i = 0; i < fitted.batch.rows(); ++i) {
      portion.rows.push_back(begin + (fitted.kept.empty() ? i : fitted.kept[i]));
    }
    portion.batches.push_back(std::move(fitted.batch));
  }

  // Rows of which no value has a column.
  static void discard_empty(const FittedRows& fitted, std::int64_t number, WriteResult& stored) {
    add_rejections(stored.discarded,
                   {{"no_values", "", "No value of the row has a column in the table.", number,
                     static_cast<std::int64_t>(fitted.batch.rows())}});
  }

  static void put(TableStore& store, const TableShape& table, const Portion& portion,
                  WriteResult& stored) {
    try {
      store.append(table, portion.into, portion.batches);
    } catch (const RowsRefused& refused) {
      std::vector<std::size_t> given;
      for (const std::size_t row : refused.rows()) given.push_back(portion.rows.at(row));
      throw Refused{refused, std::move(given)};
    }
    stored.rows_stored += static_cast<std::int64_t>(count_rows(portion.batches));
  }

  void merge(TableStore& store, const Batch& batch, const TableShape& table,
             const FittedRows& fitted, std::int64_t number, WriteResult& stored) const {
    std::vector<std::size_t> keys;
    const FoldName fold = folder(store);
    for (const std::string& key : load_.options.keys) {
      const auto place = find_column(table, key, fold);
      const auto found = place ? std::ranges::find(fitted.into, *place) : fitted.into.end();
      if (found == fitted.into.end()) {
        throw user_error(
            {.what = fmt::format("The rows for the table {} cannot be merged: they have no column "
                                 "\"{}\", which is a key.",
                                 load_.destination.table, key),
             .consequence = "No row of this batch was stored.",
             .countermeasure = "Send the keys with every row, or correct the list of keys."});
      }
      keys.push_back(static_cast<std::size_t>(found - fitted.into.begin()));
    }
    std::optional<Column> flag;
    for (std::size_t i = 0; i < batch.schema().size(); ++i) {
      if (!definition_.is_flag(batch.schema()[i])) continue;
      flag = fitted.kept.empty() ? batch.column(i) : select_rows(batch.column(i), fitted.kept);
    }
    const MergeRows rows = plan_merge(fitted.batch, keys, flag ? &*flag : nullptr);
    if (!rows.null_keys.empty()) {
      add_rejections(stored.rejected,
                     {{"null_key", "", "A row to be merged has no value in a key column.",
                       number + static_cast<std::int64_t>(rows.null_keys.front()),
                       static_cast<std::int64_t>(rows.null_keys.size())}});
      dead_letter_.append(load_, fitted.batch, rows.null_keys, number, "null_key");
    }
    try {
      merge_rows(store, table, fitted.batch, fitted.into, keys, rows);
    } catch (const RowsRefused& refused) {
      throw Refused{RowsRefused(refused.text(), refused.reason(), refused.column()), {}};
    }
    stored.rows_stored += static_cast<std::int64_t>(fitted.batch.rows() - rows.null_keys.size());
  }

  // The table that the rows of a replacing load wait in.
  TableShape staging(TableStore& store, const TableShape& table) {
    if (!table.exists()) return table;
    const std::vector<std::string> path = staging_path(table);
    TableShape staged = store.read_table(path);
    if (!recorded_ && !stored_ && staged.exists()) {  // of an attempt that is not resumed
      store.run("DROP TABLE " + quote_path(path));
      staged.columns.clear();
    }
    if (!staged.exists()) {
      std::vector<std::size_t> all(table.columns.size());
      for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
      return store.create_like(table, all, staging_, false);
    }
    bool changed = false;
    for (const TableColumn& column : table.columns) {
      const auto known = std::ranges::find(staged.columns, column.name, &TableColumn::name);
      if (known == staged.columns.end()) {
        store.run(fmt::format("ALTER TABLE {} ADD COLUMN {} {}", quote_path(path),
                              quote_name(column.name), column.type));
        changed = true;
      } else if (known->type != column.type) {
        store.change_type(staged, *known, column.type);
        changed = true;
      }
    }
    return changed ? store.read_table(path) : staged;
  }

  void replace_rows() {
    if (position_.total() == 0) return;
    with_store([&](TableStore& store) {
      store.begin();
      const TableShape table = store.find_table(load_.destination.table);
      // Where the connection was lost at the commit, the server may only now come to carry it out.
      store.lock_definition(table);
      const TableShape staged =
          table.exists() ? store.read_table(staging_path(table)) : TableShape{};
      if (!staged.exists()) {  // an earlier attempt had come to this end
        store.rollback();
        return;
      }
      std::string names;
      for (const TableColumn& column : staged.columns) {
        names += (names.empty() ? "" : ", ") + quote_name(column.name);
      }
      const std::string target = quote_path(table.path);
      store.run("DELETE FROM " + target);
      store.run(fmt::format("INSERT INTO {} ({}) SELECT {} FROM {}", target, names, names,
                            quote_path(staged.path)));
      store.run("DROP TABLE " + quote_path(staged.path));
      kill_point("ingest.before_swap_ledger");
      if (keeps_ledger() && ledger_) ledger_->write(store, recorded_, position_);
      kill_point("ingest.before_swap_commit");
      store.commit();
      kill_point("ingest.after_swap_commit");
    });
  }

  std::vector<std::string> staging_path(const TableShape& table) {
    if (staging_.empty()) {
      staging_ =
          fmt::format("_vdk_{:016x}", std::hash<std::string>{}(load_.execution + '\n' + load_.step +
                                                               '\n' + quote_path(table.path)));
    }
    std::vector<std::string> path = table.path;
    path.back() = staging_;
    return path;
  }

  const std::shared_ptr<StorePool> pool_;
  const TableSettings settings_;
  const DeadLetter dead_letter_;

  // Of the load.
  Load load_;
  std::optional<Ledger> ledger_;
  std::optional<LoadPosition> recorded_;  // in the ledger, by this process or the one it resumes
  LoadPosition position_;
  std::int64_t left_out_ = 0;  // rows still to come that an earlier attempt has stored
  std::string staging_;
  TableDefinition definition_{settings_, load_.options};
  std::int64_t sought_ = 0;
  bool stored_ = false;  // something of it was committed by this process
  std::size_t row_group_ = 1;
  bool stores_arrow_ = false;  // the store does, as it comes
  bool takes_arrow_ = false;   // and the last batches came so that nothing had to be read
  bool in_ledger_ = false;     // what is denied now is the ledger, not the rows

  // Of the table.
  std::optional<bool> own_;
  std::string denied_;  // why there is no ledger
};

}  // namespace

SinkFactory make_table_sink(StoreFactory open, std::string create_option) {
  struct Pools {
    std::mutex mutex;
    std::map<std::pair<std::string, std::string>, std::weak_ptr<StorePool>> by_place;
  };
  auto pools = std::make_shared<Pools>();
  return [open = std::move(open), create_option = std::move(create_option), pools](
             const Configuration& configuration, std::string_view section,
             const Destination& destination) -> std::unique_ptr<Sink> {
    std::shared_ptr<StorePool> pool;
    {
      const std::lock_guard lock(pools->mutex);
      const std::string owner = fmt::format("{} {}", fmt::ptr(&configuration), section);
      std::weak_ptr<StorePool>& known = pools->by_place[{owner, destination.target}];
      pool = known.lock();
      if (!pool) {
        pool = std::make_shared<StorePool>(
            [open, &configuration, section = std::string(section), target = destination.target] {
              return open(configuration, section, target);
            });
        known = pool;
      }
    }
    return std::make_unique<TableSink>(std::move(pool),
                                       read_table_settings(configuration, section, create_option),
                                       configuration.get_string("ingest_dead_letter"), destination);
  };
}

}  // namespace vdk
