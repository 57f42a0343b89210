#include "sqlite_store.hpp"

#include <algorithm>

#include "vdk/data/text_form.hpp"

namespace vdk::sqlite {
namespace {

constexpr std::size_t kKeptStatements = 64;

std::size_t most_columns(const Database& database) {
  const Api& api = database.api();
  return static_cast<std::size_t>(
      std::min(api.limit(database.handle(), SQLITE_LIMIT_COLUMN, -1),
               api.limit(database.handle(), SQLITE_LIMIT_VARIABLE_NUMBER, -1)));
}

// One parameter of an INSERT: binds the values of one column.
class Parameter {
 public:
  Parameter(const Api& api, sqlite3_stmt* statement, int index, const Column& column,
            const TableColumn& into)
      : api_(api),
        statement_(statement),
        index_(index),
        column_(&column),
        form_(form_for(column.field.type, into)) {}

  [[nodiscard]] bool may_refuse() const { return form_ == Form::no_big_integer; }
  [[nodiscard]] bool refuses(std::size_t row) const {
    return may_refuse() && !column_->is_null(row) && is_big_integer(column_->bytes(row));
  }

  int bind(std::size_t row) {
    if (column_->is_null(row)) return api_.bind_null(statement_, index_);
    switch (column_->field.type) {
      case ColumnType::null:
        return api_.bind_null(statement_, index_);
      case ColumnType::boolean:
        return api_.bind_int64(statement_, index_, column_->boolean(row) ? 1 : 0);
      case ColumnType::integer:
        return api_.bind_int64(statement_, index_, column_->integer(row));
      case ColumnType::real:
        return bind_real(column_->real(row));
      case ColumnType::binary: {
        const std::string_view bytes = column_->bytes(row);
        return api_.bind_blob64(statement_, index_, bytes.empty() ? "" : bytes.data(), bytes.size(),
                                SQLITE_STATIC);
      }
      case ColumnType::date:
      case ColumnType::timestamp:
      case ColumnType::timestamp_tz:
        buffer_.clear();
        append_cell_text(buffer_, *column_, row, DateTimeStyle::blank);
        return bind_text(buffer_);
      case ColumnType::text:
      case ColumnType::decimal:
      case ColumnType::json:
        return bind_text(column_->bytes(row));
    }
    return SQLITE_MISUSE;
  }

 private:
  int bind_real(double value) {
    if (form_ == Form::text_if_rounded) {
      buffer_ = exact_text(value);
      if (!buffer_.empty()) return bind_text(buffer_);
    }
    return api_.bind_double(statement_, index_, value);
  }

  int bind_text(std::string_view text) {
    return api_.bind_text64(statement_, index_, text.empty() ? "" : text.data(), text.size(),
                            SQLITE_STATIC, SQLITE_UTF8);
  }

  const Api& api_;
  sqlite3_stmt* statement_;
  int index_;
  const Column* column_;
  Form form_;
  std::string buffer_;  // lives as long as the binding
};

// Values that a statement points to must not be met by its next use.
class ResetStatement {
 public:
  ResetStatement(const Api& api, sqlite3_stmt* statement) : api_(api), statement_(statement) {}
  ~ResetStatement() {
    api_.reset(statement_);
    api_.clear_bindings(statement_);
  }
  ResetStatement(const ResetStatement&) = delete;
  ResetStatement& operator=(const ResetStatement&) = delete;

 private:
  const Api& api_;
  sqlite3_stmt* statement_;
};

}  // namespace

SqliteStore::SqliteStore(std::shared_ptr<Database> database)
    : SqliteTables(database->file(), most_columns(*database)), database_(std::move(database)) {}

SqliteStore::~SqliteStore() = default;

void SqliteStore::fail(int code, std::string_view during) const {
  const Api& api = database_->api();
  const int last = api.extended_errcode(database_->handle());
  // A value that is too big is refused without a message.
  const bool has_message = (last & 0xff) == (code & 0xff);
  throw_failure(has_message ? last : code,
                has_message ? api.errmsg(database_->handle()) : api.errstr(code), during);
}

Statement SqliteStore::prepare(const std::string& sql, bool keep) const {
  check_sql(sql);
  const Api& api = database_->api();
  sqlite3_stmt* statement = nullptr;
  const int result = api.prepare_v3(database_->handle(), sql.data(), static_cast<int>(sql.size()),
                                    keep ? SQLITE_PREPARE_PERSISTENT : 0, &statement, nullptr);
  if (result != SQLITE_OK) fail(result, "in: " + sql);
  return Statement(statement, FinalizeStatement{&api});
}

void SqliteStore::run(const std::string& sql) { (void)query(sql); }

std::vector<std::vector<Value>> SqliteStore::query(const std::string& sql) {
  const Api& api = database_->api();
  const Statement statement = prepare(sql, false);
  std::vector<std::vector<Value>> rows;
  int result = SQLITE_ROW;
  while ((result = api.step(statement.get())) == SQLITE_ROW) {
    read_row(api, statement.get(), rows.emplace_back());
  }
  if (result != SQLITE_DONE) fail(result, "in: " + sql);
  return rows;
}

bool SqliteStore::in_transaction() const {
  return database_->api().get_autocommit(database_->handle()) == 0;
}

sqlite3_stmt* SqliteStore::insert_for(const std::string& sql) {
  const auto known = inserts_.find(sql);
  if (known != inserts_.end()) return known->second.get();
  if (inserts_.size() >= kKeptStatements) inserts_.clear();
  return inserts_.emplace(sql, prepare(sql, true)).first->second.get();
}

void SqliteStore::append(const TableShape& table, std::span<const std::size_t> into,
                         std::span<const Batch> batches) {
  const Api& api = database_->api();
  sqlite3_stmt* insert = insert_for(insert_statement(table, into));
  const ResetStatement reset(api, insert);
  RefusedRows refused;
  std::size_t before = 0;  // rows of the batches before
  for (const Batch& batch : batches) {
    std::vector<Parameter> parameters;
    parameters.reserve(batch.columns().size());
    for (std::size_t i = 0; i < batch.columns().size(); ++i) {
      parameters.emplace_back(api, insert, static_cast<int>(i) + 1, batch.columns()[i],
                              table.columns[into[i]]);
    }
    const bool may_refuse = std::ranges::any_of(parameters, &Parameter::may_refuse);
    for (std::size_t row = 0; row < batch.rows(); ++row) {
      if (may_refuse) {
        const auto refusing = std::ranges::find_if(
            parameters, [&](const Parameter& parameter) { return parameter.refuses(row); });
        if (refusing != parameters.end()) {
          const auto index = static_cast<std::size_t>(refusing - parameters.begin());
          refused.add({"out_of_range", table.columns[into[index]].name}, kNoBigInteger,
                      before + row);
          continue;
        }
      }
      int result = SQLITE_OK;
      for (Parameter& parameter : parameters) {
        result = parameter.bind(row);
        if (result != SQLITE_OK) [[unlikely]]
          break;
      }
      if (result == SQLITE_OK) [[likely]]
        result = api.step(insert);
      if (result != SQLITE_DONE) [[unlikely]] {
        const int code =
            result == SQLITE_TOOBIG ? result : api.extended_errcode(database_->handle());
        if (!refused.add(code, api.errmsg(database_->handle()), table, before + row)) {
          fail(result, "at row " + std::to_string(before + row + 1) + " for the table " +
                           table.path.back() + '.');
        }
        if (!in_transaction()) refused.throw_if_any(table);  // a constraint that says ROLLBACK
      }
      api.reset(insert);
    }
    before += batch.rows();
  }
  refused.throw_if_any(table);
}

std::unique_ptr<TableStore> open_store(const Configuration& configuration, std::string_view section,
                                       std::string_view target) {
  const Api& api = load_api(configuration, section);
  const std::string file = target_file(configuration, section, target);
  return std::make_unique<SqliteStore>(
      std::make_shared<Database>(api, file, busy_limit(configuration, section)));
}

}  // namespace vdk::sqlite
