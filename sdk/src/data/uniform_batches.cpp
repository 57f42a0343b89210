#include "vdk/data/uniform_batches.hpp"

#include <cerrno>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "vdk/base/error.hpp"
#include "vdk/data/batch_builder.hpp"

namespace vdk {
namespace {

void append_cell(BatchBuilder& builder, const Column& column, std::size_t row) {
  if (column.is_null(row)) return builder.append_null(0);
  switch (column.field.type) {
    case ColumnType::null:
      return builder.append_null(0);
    case ColumnType::boolean:
      return builder.append_boolean(0, column.boolean(row));
    case ColumnType::integer:
      return builder.append_integer(0, column.integer(row));
    case ColumnType::real:
      return builder.append_real(0, column.real(row));
    case ColumnType::text:
      return builder.append_text(0, column.bytes(row));
    case ColumnType::binary:
      return builder.append_binary(0, column.bytes(row));
    case ColumnType::date:
      return builder.append_date(0, column.integer(row));
    case ColumnType::timestamp:
      return builder.append_timestamp(0, column.integer(row));
    case ColumnType::timestamp_tz:
      return builder.append_timestamp_utc(0, column.integer(row));
    case ColumnType::decimal:
      return builder.append_decimal(0, column.bytes(row));
    case ColumnType::json:
      return builder.append_json(0, column.bytes(row));
  }
}

// A value that no type below the wanted one can hold.
void append_example(BatchBuilder& builder, ColumnType type) {
  switch (type) {
    case ColumnType::null:
      return builder.append_null(0);
    case ColumnType::boolean:
      return builder.append_boolean(0, false);
    case ColumnType::integer:
      return builder.append_integer(0, 0);
    case ColumnType::real:
      return builder.append_real(0, 0.5);
    case ColumnType::text:
      return builder.append_text(0, "text");
    case ColumnType::binary:
      return builder.append_binary(0, "");
    case ColumnType::date:
      return builder.append_date(0, 0);
    case ColumnType::timestamp:
      return builder.append_timestamp(0, 1);
    case ColumnType::timestamp_tz:
      return builder.append_timestamp_utc(0, 1);
    case ColumnType::decimal:
      return builder.append_decimal(0, "0.5");
    case ColumnType::json:
      return builder.append_json(0, "{}");
  }
}

// The column in the wanted type; in a wider one where a value does not fit.
Column converted(const Column& column, std::size_t rows, ColumnType type) {
  BatchBuilder builder;
  (void)builder.column(column.field.name);
  for (std::size_t row = 0; row < rows; ++row) {
    append_cell(builder, column, row);
    builder.end_row();
  }
  append_example(builder, type);
  builder.end_row();
  Column made = builder.finish().columns().front();
  if (!made.offsets.empty()) made.offsets.resize(rows + 1);  // the example goes again
  return made;
}

class ExportedStream {
 public:
  explicit ExportedStream(std::shared_ptr<UniformBatches> batches) : batches_(std::move(batches)) {}

  static void fill(std::shared_ptr<UniformBatches> batches, ArrowArrayStream* out) {
    out->get_schema = [](ArrowArrayStream* stream, ArrowSchema* schema) {
      return of(stream).guarded([&](ExportedStream& self) { self.export_schema(schema); });
    };
    out->get_next = [](ArrowArrayStream* stream, ArrowArray* array) {
      return of(stream).guarded([&](ExportedStream& self) { self.export_next(array); });
    };
    out->get_last_error = [](ArrowArrayStream* stream) -> const char* {
      return of(stream).error_.empty() ? nullptr : of(stream).error_.c_str();
    };
    out->release = [](ArrowArrayStream* stream) {
      delete &of(stream);
      stream->release = nullptr;
    };
    out->private_data = new ExportedStream(std::move(batches));
  }

 private:
  static ExportedStream& of(ArrowArrayStream* stream) {
    return *static_cast<ExportedStream*>(stream->private_data);
  }

  template <class Work>
  int guarded(Work&& work) noexcept {
    try {
      work(*this);
      error_.clear();
      return 0;
    } catch (const std::bad_alloc&) {
      return ENOMEM;
    } catch (const std::exception& error) {
      error_ = error.what();
      return EIO;
    } catch (...) {
      return EIO;
    }
  }

  void export_schema(ArrowSchema* schema) {
    std::vector<Column> empty;
    for (const Field& field : batches_->schema()) empty.push_back({.field = field, .offsets = {0}});
    ArrowArray unused{};
    Batch::export_to_arrow(Batch(std::move(empty), 0), schema, &unused);
    unused.release(&unused);
  }

  void export_next(ArrowArray* array) {
    *array = ArrowArray{};
    std::optional<Batch> batch = batches_->next();
    if (!batch) return;
    ArrowSchema unused{};
    Batch::export_to_arrow(*batch, &unused, array);
    unused.release(&unused);
  }

  std::shared_ptr<UniformBatches> batches_;
  std::string error_;
};

}  // namespace

std::unique_lock<std::mutex> UniformBatches::enter() {
  std::unique_lock lock(busy_, std::try_to_lock);
  if (lock) return lock;
  throw user_error({.what = "The rows are being read by another thread.",
                    .consequence = "This thread got none.",
                    .countermeasure = "Read a result in one thread."});
}

void UniformBatches::look() {
  if (looked_) return;
  looked_ = true;
  first_ = next_();
  if (!first_) return;
  Schema found = first_->schema();
  for (std::size_t i = 0; i < found.size() && i < schema_.size(); ++i) {
    if (schema_[i].type != ColumnType::null) found[i].type = schema_[i].type;
  }
  schema_ = std::move(found);
  second_ = next_();
  if (!second_) return;
  for (Field& field : schema_) {
    if (field.type == ColumnType::null) field.type = ColumnType::text;
  }
}

const Schema& UniformBatches::schema() {
  const auto lock = enter();
  look();
  return schema_;
}

std::optional<Batch> UniformBatches::next() {
  const auto lock = enter();
  look();
  std::optional<Batch> batch;
  if (first_) {
    batch = std::exchange(first_, std::nullopt);
  } else if (second_) {
    batch = std::exchange(second_, std::nullopt);
  } else {
    batch = next_();
  }
  if (!batch) return std::nullopt;
  const std::size_t rows = batch->rows();
  if (batch->schema() != schema_) {
    std::vector<Column> columns = batch->columns();
    for (std::size_t i = 0; i < columns.size() && i < schema_.size(); ++i) {
      const ColumnType wanted = schema_[i].type;
      if (columns[i].field.type == wanted) continue;
      const ColumnType found = columns[i].field.type;
      columns[i] = converted(columns[i], rows, wanted);
      if (columns[i].field.type == wanted) continue;
      throw user_error(
          {.what = "The column '" + schema_[i].name + "' has values of different types.",
           .why = "It is of type " + std::string(to_string(wanted)) +
                  ", and there are values of type " + std::string(to_string(found)) +
                  " among the " + std::to_string(rows) + " rows after the first " +
                  std::to_string(rows_) + "; a column of an Arrow stream has one type.",
           .consequence = "The rows from there on were not read.",
           .countermeasure = "CAST the column in the query."});
    }
    batch = Batch(std::move(columns), rows);
  }
  rows_ += rows;
  return batch;
}

void export_stream(std::shared_ptr<UniformBatches> batches, ArrowArrayStream* out) {
  ExportedStream::fill(std::move(batches), out);
}

}  // namespace vdk
