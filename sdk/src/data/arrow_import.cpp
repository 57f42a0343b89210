#include "vdk/data/arrow_import.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "data/arrow_digest.hpp"
#include "data/arrow_format.hpp"
#include "data/arrow_type.hpp"
#include "data/batch_state.hpp"
#include "data/lattice.hpp"
#include "vdk/base/error.hpp"

namespace vdk {
namespace {

constexpr std::int64_t kMillisecondsPerDay = 86'400'000;
constexpr auto kMostRows = static_cast<std::int64_t>(kMostBatchRows);

// The rows [begin, end) of one array.
struct Piece {
  const ArrowType& type;
  const ArrowArray& array;
  std::int64_t begin;
  std::int64_t end;

  [[nodiscard]] std::size_t rows() const { return static_cast<std::size_t>(end - begin); }
  [[nodiscard]] bool valid(std::int64_t row) const { return is_valid(type, array, row); }
  [[nodiscard]] std::int64_t integer(std::int64_t row) const {
    return read_integer(type, array, row);
  }
};

// `rows` bits from `first` on; empty where all of them are set.
std::vector<std::uint8_t> copy_bits(const void* bits, std::int64_t first, std::size_t rows) {
  const auto* in = static_cast<const std::uint8_t*>(bits) + first / 8;
  const auto shift = static_cast<unsigned>(first % 8);
  const std::size_t in_bytes = (rows + shift + 7) / 8;
  std::vector<std::uint8_t> out((rows + 7) / 8);
  for (std::size_t i = 0; i < out.size(); ++i) {
    unsigned byte = static_cast<unsigned>(in[i]) >> shift;
    if (shift != 0 && i + 1 < in_bytes) byte |= static_cast<unsigned>(in[i + 1]) << (8 - shift);
    out[i] = static_cast<std::uint8_t>(byte);
  }
  if (rows % 8 != 0) out.back() &= static_cast<std::uint8_t>((1U << (rows % 8)) - 1U);
  return out;
}

void forget_full_validity(std::vector<std::uint8_t>& validity, std::size_t rows) {
  std::size_t set = 0;
  for (const std::uint8_t byte : validity) set += static_cast<std::size_t>(std::popcount(byte));
  if (set == rows) validity = {};
}

std::vector<std::uint8_t> copy_validity(const ArrowArray& array, std::int64_t begin,
                                        std::size_t rows) {
  if (array.n_buffers == 0 || array.buffers[0] == nullptr || array.null_count == 0) return {};
  auto validity = copy_bits(array.buffers[0], array.offset + begin, rows);
  forget_full_validity(validity, rows);
  return validity;
}

template <class T>
void put(std::vector<std::uint8_t>& values, T value) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(&value);
  values.insert(values.end(), bytes, bytes + sizeof value);
}

void put_text(Column& column, std::string_view text) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  column.values.insert(column.values.end(), bytes, bytes + text.size());
}

void close_cell(Column& column) {
  column.offsets.push_back(static_cast<std::int64_t>(column.values.size()));
}

// Values of fixed width that our layout shares with Arrow's.
void copy_values(Column& column, const Piece& piece) {
  const auto width = static_cast<std::size_t>(piece.type.width);
  column.values.resize(piece.rows() * width);
  if (column.values.empty()) return;
  std::memcpy(column.values.data(),
              static_cast<const std::uint8_t*>(piece.array.buffers[1]) +
                  static_cast<std::size_t>(piece.array.offset + piece.begin) * width,
              column.values.size());
}

template <class Make>  // T make(row), for rows that are not null
void make_values(Column& column, const Piece& piece, Make make) {
  using T = decltype(make(std::int64_t{0}));
  column.values.reserve(piece.rows() * sizeof(T));
  for (std::int64_t row = piece.begin; row < piece.end; ++row) {
    put(column.values, piece.valid(row) ? make(row) : T{});
  }
}

template <class Append>  // append(std::string&, row), for rows that are not null
void make_texts(Column& column, const Piece& piece, Append append) {
  column.offsets.reserve(piece.rows() + 1);
  close_cell(column);
  std::string scratch;
  for (std::int64_t row = piece.begin; row < piece.end; ++row) {
    if (piece.valid(row)) {
      scratch.clear();
      append(scratch, row);
      put_text(column, scratch);
    }
    close_cell(column);
  }
}

// One copy for all rows; what null rows may hide in it stays unread.
template <class Offset>
void copy_slices(Column& column, const Piece& piece) {
  const auto* offsets = static_cast<const char*>(piece.array.buffers[1]) +
                        (piece.array.offset + piece.begin) * std::int64_t{sizeof(Offset)};
  const auto offset_at = [offsets](std::size_t row) {  // the buffer need not be aligned
    Offset offset;
    std::memcpy(&offset, offsets + row * sizeof(Offset), sizeof offset);
    return static_cast<std::int64_t>(offset);
  };
  const std::int64_t first = offset_at(0);
  const std::int64_t last = offset_at(piece.rows());
  column.offsets.resize(piece.rows() + 1);
  for (std::size_t row = 0; row < column.offsets.size(); ++row)
    column.offsets[row] = offset_at(row) - first;
  if (first == last) return;
  const auto* bytes = static_cast<const std::uint8_t*>(piece.array.buffers[2]);
  column.values.assign(bytes + first, bytes + last);
}

void import_bytes(Column& column, const Piece& piece) {
  column.offsets.reserve(piece.rows() + 1);
  close_cell(column);
  for (std::int64_t row = piece.begin; row < piece.end; ++row) {
    if (piece.valid(row)) put_text(column, read_bytes(piece.type, piece.array, row));
    close_cell(column);
  }
}

template <class Predicate>
bool every_valid(const Piece& piece, Predicate predicate) {
  for (std::int64_t row = piece.begin; row < piece.end; ++row) {
    if (piece.valid(row) && !predicate(piece.integer(row))) return false;
  }
  return true;
}

void import_integer(Column& column, const Piece& piece) {
  if (piece.type.width < 8) {
    return make_values(column, piece, [&](std::int64_t row) { return piece.integer(row); });
  }
  // An unsigned integer beyond int64 shows as a negative one.
  if (piece.type.is_signed || every_valid(piece, [](std::int64_t bits) { return bits >= 0; })) {
    return copy_values(column, piece);
  }
  column.field.type = ColumnType::json;
  make_texts(column, piece, [&](std::string& out, std::int64_t row) {
    out += std::to_string(static_cast<std::uint64_t>(piece.integer(row)));
  });
}

// Time points of `per_second` ticks as microseconds, or as text where they have no exact place
// there.
void import_timestamp(Column& column, const Piece& piece) {
  constexpr std::int64_t kPerSecond = 1'000'000;
  const std::int64_t per_second = piece.type.per_second;
  if (per_second == kPerSecond) return copy_values(column, piece);
  const std::int64_t factor = std::max(kPerSecond / per_second, std::int64_t{1});
  const std::int64_t divisor = std::max(per_second / kPerSecond, std::int64_t{1});
  const std::int64_t limit = std::numeric_limits<std::int64_t>::max() / factor;
  const bool exact = every_valid(piece, [&](std::int64_t ticks) {
    return ticks % divisor == 0 && ticks <= limit && ticks >= -limit;
  });
  if (exact) {
    return make_values(column, piece,
                       [&](std::int64_t row) { return piece.integer(row) / divisor * factor; });
  }
  column.field.type = ColumnType::text;
  make_texts(column, piece, [&](std::string& out, std::int64_t row) {
    append_timestamp_text(out, piece.type, piece.integer(row));
  });
}

void import_date_milliseconds(Column& column, const Piece& piece) {
  const bool whole_days = every_valid(piece, [](std::int64_t milliseconds) {
    const std::int64_t days = milliseconds / kMillisecondsPerDay;
    return milliseconds % kMillisecondsPerDay == 0 && days == static_cast<std::int32_t>(days);
  });
  if (whole_days) {
    return make_values(column, piece, [&](std::int64_t row) {
      return static_cast<std::int32_t>(piece.integer(row) / kMillisecondsPerDay);
    });
  }
  ArrowType timestamps;
  timestamps.kind = ArrowKind::timestamp;
  timestamps.width = 8;
  timestamps.per_second = 1'000;
  column.field.type = ColumnType::timestamp;
  import_timestamp(column, {timestamps, piece.array, piece.begin, piece.end});
}

Column import_column(const Piece& piece);

void import_dictionary(Column& column, const Piece& piece, const Column& entries,
                       std::int64_t entry_count) {
  const std::size_t rows = piece.rows();
  const ColumnType type = entries.field.type;
  const std::size_t width = fixed_width(type);
  column.field.type = type;
  column.validity.assign((rows + 7) / 8, 0);
  if (type == ColumnType::boolean) column.values.assign((rows + 7) / 8, 0);
  if (has_offsets(type)) close_cell(column);
  for (std::size_t row = 0; row < rows; ++row) {
    const std::int64_t at = piece.begin + static_cast<std::int64_t>(row);
    std::int64_t index = -1;
    if (piece.valid(at)) {
      index = piece.integer(at);
      if (index < 0 || index >= entry_count) {
        throw user_error(
            {.what = "Column \"" + piece.type.name + "\" has an index outside its dictionary.",
             .why = "Index " + std::to_string(index) + " of " + std::to_string(entry_count) +
                    " entries: the Arrow data is broken.",
             .consequence = "The rest of this data was not sent.",
             .countermeasure = "Report it to the library that made the data."});
      }
    }
    const auto entry = static_cast<std::size_t>(index);
    const bool valid = index >= 0 && !entries.is_null(entry);
    const auto bit = static_cast<std::uint8_t>(1U << (row % 8));
    if (valid) column.validity[row / 8] |= bit;
    if (has_offsets(type)) {
      if (valid) put_text(column, entries.bytes(entry));
      close_cell(column);
    } else if (type == ColumnType::boolean) {
      if (valid && entries.boolean(entry)) column.values[row / 8] |= bit;
    } else if (valid) {
      const std::uint8_t* value = entries.values.data() + entry * width;
      column.values.insert(column.values.end(), value, value + width);
    } else {
      column.values.insert(column.values.end(), width, 0);
    }
  }
  forget_full_validity(column.validity, rows);
}

// A column without a dictionary.
Column import_column(const Piece& piece) {
  const ArrowType& type = piece.type;
  const ArrowArray& array = piece.array;
  Column column{{type.name, type.stored}};
  if (type.kind == ArrowKind::null) return column;
  column.validity = copy_validity(array, piece.begin, piece.rows());
  switch (type.kind) {
    case ArrowKind::null:
      break;
    case ArrowKind::boolean:
      column.values = copy_bits(array.buffers[1], array.offset + piece.begin, piece.rows());
      break;
    case ArrowKind::integer:
      import_integer(column, piece);
      break;
    case ArrowKind::half:
    case ArrowKind::single:
      make_values(column, piece, [&](std::int64_t row) { return read_real(type, array, row); });
      break;
    case ArrowKind::real:
    case ArrowKind::date_days:
      copy_values(column, piece);
      break;
    case ArrowKind::date_milliseconds:
      import_date_milliseconds(column, piece);
      break;
    case ArrowKind::timestamp:
      import_timestamp(column, piece);
      break;
    case ArrowKind::fixed_bytes:
      if (type.is_uuid) {
        make_texts(column, piece, [&](std::string& out, std::int64_t row) {
          append_uuid_text(out, read_bytes(type, array, row));
        });
        break;
      }
      [[fallthrough]];
    case ArrowKind::bytes_view:
      import_bytes(column, piece);
      break;
    case ArrowKind::bytes:
      copy_slices<std::int32_t>(column, piece);
      break;
    case ArrowKind::large_bytes:
      copy_slices<std::int64_t>(column, piece);
      break;
    case ArrowKind::decimal:
      make_texts(column, piece, [&](std::string& out, std::int64_t row) {
        append_decimal(out, type, array, row);
      });
      break;
    case ArrowKind::time:
      make_texts(column, piece, [&](std::string& out, std::int64_t row) {
        append_time_text(out, type, piece.integer(row));
      });
      break;
    case ArrowKind::list:
    case ArrowKind::large_list:
    case ArrowKind::fixed_list:
    case ArrowKind::list_view:
    case ArrowKind::large_list_view:
    case ArrowKind::structure:
    case ArrowKind::map:
      make_texts(column, piece,
                 [&](std::string& out, std::int64_t row) { append_json(out, type, array, row); });
      break;
  }
  return column;
}

// About what the array's rows take as a column.
std::size_t estimate_bytes(const ArrowType& type, const ArrowArray& array) {
  const auto rows = static_cast<std::size_t>(array.length);
  if (type.dictionary) {
    const auto entries =
        static_cast<std::size_t>(std::max(array.dictionary->length, std::int64_t{1}));
    return rows * (8 + estimate_bytes(*type.dictionary, *array.dictionary) / entries);
  }
  constexpr std::size_t kJsonPerValue = 4;
  std::size_t total = rows * 8;
  if (rows == 0) return 0;
  switch (type.kind) {
    case ArrowKind::bytes:
    case ArrowKind::large_bytes: {
      const std::string_view first = read_bytes(type, array, 0);
      const std::string_view last = read_bytes(type, array, array.length - 1);
      if (!last.empty() && !first.empty()) {
        total += static_cast<std::size_t>(last.data() + last.size() - first.data());
        break;
      }
      [[fallthrough]];
    }
    case ArrowKind::bytes_view:
      for (std::int64_t row = 0; row < array.length; ++row) {
        if (is_valid(type, array, row)) total += read_bytes(type, array, row).size();
      }
      break;
    case ArrowKind::fixed_bytes:
    case ArrowKind::decimal:
      total += rows * static_cast<std::size_t>(type.width);
      break;
    case ArrowKind::time:
      total += rows * 15;
      break;
    default:
      for (std::size_t i = 0; i < type.children.size(); ++i) {
        total += kJsonPerValue * estimate_bytes(type.children[i], *array.children[i]);
      }
  }
  return total;
}

// What the chunks of a stream have in common.
struct Table {
  OwnedSchema schema;
  ArrowType root;
};

// One array of a stream; lives as long as a batch needs it.
struct Chunk {
  std::shared_ptr<const Table> table;
  OwnedArray array;
  std::vector<std::size_t> column_bytes;  // about what each column's rows take
};

Error broken_stream(const std::string& why) {
  return user_error({.what = "The Arrow data cannot be read: " + why,
                     .why = "The library that offers the data reported it.",
                     .consequence = "The rest of this data was not sent.",
                     .countermeasure = "Check how the data is made; its own error is above."});
}

// The rows [begin, end) of one column of a chunk.
class ArrowColumn final : public ForeignColumn {
 public:
  ArrowColumn(std::shared_ptr<const Chunk> chunk, std::size_t index, std::int64_t begin,
              std::int64_t end)
      : chunk_(std::move(chunk)),
        index_(index),
        type_(chunk_->table->root.children[index]),
        array_(*chunk_->array.value.children[index]),
        begin_(begin),
        end_(end) {}

  // Whether the type of a column of ours can be told without a look at its values, and every engine
  // that reads Arrow reads this one.
  static bool can_stay(const ArrowType& type) {
    if (type.dictionary) return false;
    switch (type.kind) {
      case ArrowKind::boolean:
      case ArrowKind::single:
      case ArrowKind::real:
      case ArrowKind::bytes:
      case ArrowKind::large_bytes:
      case ArrowKind::bytes_view:
      case ArrowKind::date_days:
        return true;
      case ArrowKind::integer:
        return type.is_signed || type.width < 8;
      case ArrowKind::decimal:
        return type.width == 16;
      case ArrowKind::timestamp:
        return type.per_second == 1'000'000;
      default:
        return false;
    }
  }

  [[nodiscard]] Column read() const override { return import_column(piece()); }
  [[nodiscard]] std::string_view format() const override { return schema().format; }
  [[nodiscard]] std::size_t bytes() const noexcept override {
    constexpr std::size_t kOverhead = 64;
    const auto rows = static_cast<double>(end_ - begin_);
    const auto all = static_cast<double>(std::max(array_.length, std::int64_t{1}));
    return kOverhead +
           static_cast<std::size_t>(rows / all * static_cast<double>(chunk_->column_bytes[index_]));
  }

  void export_to_arrow(std::string_view name, ArrowSchema* out_schema,
                       ArrowArray* out) const override {
    auto names = std::make_unique<std::string>(name);
    *out_schema = ArrowSchema{};
    out_schema->format = schema().format;
    out_schema->name = names->c_str();
    out_schema->flags = ARROW_FLAG_NULLABLE;
    out_schema->private_data = new Exported<std::string>{chunk_, std::move(*names)};
    auto* kept = static_cast<Exported<std::string>*>(out_schema->private_data);
    out_schema->name = kept->value.c_str();
    out_schema->release = [](ArrowSchema* schema) {
      delete static_cast<Exported<std::string>*>(schema->private_data);
      schema->release = nullptr;
    };
    *out = array_;
    out->offset = array_.offset + begin_;
    out->length = end_ - begin_;
    out->null_count = array_.null_count == 0 ? 0 : -1;
    out->private_data = new Exported<char>{chunk_, {}};
    out->release = [](ArrowArray* array) {
      delete static_cast<Exported<char>*>(array->private_data);
      array->release = nullptr;
    };
  }

  [[nodiscard]] std::uint64_t digest(std::uint64_t seed) const override {
    return digest_cells(type_, array_, begin_, end_, seed);
  }

 private:
  template <class T>
  struct Exported {
    std::shared_ptr<const Chunk> chunk;
    T value;
  };

  [[nodiscard]] Piece piece() const { return {type_, array_, begin_, end_}; }
  [[nodiscard]] const ArrowSchema& schema() const {
    return *chunk_->table->schema.value.children[index_];
  }

  const std::shared_ptr<const Chunk> chunk_;
  const std::size_t index_;  // among the columns of the chunk
  const ArrowType& type_;    // the chunk's
  const ArrowArray& array_;  // the chunk's
  const std::int64_t begin_;
  const std::int64_t end_;
};

}  // namespace

struct ArrowBatchReader::State {
  ArrowArrayStream stream{};
  std::shared_ptr<Table> table = std::make_shared<Table>();
  OwnedSchema& schema = table->schema;
  ArrowType& root = table->root;
  std::shared_ptr<Chunk> current = std::make_shared<Chunk>();  // shared by the batches of it
  std::size_t batch_bytes = kBatchBytes;
  bool held_elsewhere = false;
  std::int64_t position = 0;
  std::int64_t rows_a_time = 1;
  std::vector<std::optional<Column>> dictionaries;  // of the chunk, as they are needed

  ~State() {
    current.reset();
    if (stream.release != nullptr) stream.release(&stream);
  }

  void open() {
    root = parse_arrow_type(schema.value);
    if (root.kind != ArrowKind::structure || root.dictionary) {
      throw user_error(
          {.what = "The Arrow data has no columns.",
           .why = "It is a single array, not a table.",
           .consequence = "Nothing of this data was sent.",
           .countermeasure = "Send a table or a record batch, whose columns have names."});
    }
    std::set<std::string_view> names;
    for (const ArrowType& column : root.children) {
      if (names.insert(column.name).second) continue;
      throw user_error({.what = "Two columns of the Arrow data are named \"" + column.name + "\".",
                        .consequence = "Nothing of this data was sent.",
                        .countermeasure = "Give each column a name of its own."});
    }
  }

  [[nodiscard]] ArrowArray& chunk() const { return current->array.value; }

  void start_chunk() {
    current->table = table;
    position = 0;
    dictionaries = std::vector<std::optional<Column>>(root.children.size());
    if (static_cast<std::size_t>(chunk().n_children) != root.children.size()) {
      throw broken_stream("an array has " + std::to_string(chunk().n_children) +
                          " columns, the schema " + std::to_string(root.children.size()) + ".");
    }
    std::size_t bytes = 1;
    current->column_bytes.clear();
    for (std::size_t i = 0; i < root.children.size(); ++i) {
      bytes += current->column_bytes.emplace_back(
          estimate_bytes(root.children[i], *chunk().children[i]));
    }
    const auto rows = static_cast<double>(chunk().length) * static_cast<double>(batch_bytes) /
                      static_cast<double>(bytes);
    rows_a_time =
        std::clamp(static_cast<std::int64_t>(std::min(rows, static_cast<double>(kMostRows))),
                   std::int64_t{1}, kMostRows);
  }

  // Makes sure that there are rows; false at the end.
  bool find_rows() {
    while (chunk().release == nullptr || position >= chunk().length) {
      current = std::make_shared<Chunk>();
      if (stream.release == nullptr) return false;
      if (stream.get_next(&stream, &chunk()) != 0) {
        const char* reason = stream.get_last_error(&stream);
        throw broken_stream(reason == nullptr ? "no reason was given." : reason);
      }
      if (chunk().release == nullptr) {
        stream.release(&stream);
        stream.release = nullptr;
        return false;
      }
      start_chunk();
    }
    return true;
  }

  Column read(std::size_t index, std::int64_t begin, std::int64_t end) {
    const ArrowType& type = root.children[index];
    const ArrowArray& array = *chunk().children[index];
    if (!type.dictionary) return import_column({type, array, begin, end});
    std::optional<Column>& entries = dictionaries[index];
    const std::int64_t count = array.dictionary->length;
    if (!entries) entries = import_column({*type.dictionary, *array.dictionary, 0, count});
    Column column{{type.name, ColumnType::null}};
    if (entries->field.type != ColumnType::null) {
      import_dictionary(column, {type, array, begin, end}, *entries, count);
    }
    return column;
  }
};

ArrowBatchReader::ArrowBatchReader(ArrowArrayStream* stream, std::size_t batch_bytes)
    : state_(std::make_unique<State>()) {
  state_->stream = *stream;
  state_->batch_bytes = batch_bytes;
  stream->release = nullptr;
  ArrowArrayStream& own = state_->stream;
  if (own.get_schema(&own, &state_->schema.value) != 0) {
    const char* reason = own.get_last_error(&own);
    throw broken_stream(reason == nullptr ? "no reason was given." : reason);
  }
  state_->open();
}

ArrowBatchReader::ArrowBatchReader(ArrowSchema* schema, ArrowArray* array, std::size_t batch_bytes)
    : state_(std::make_unique<State>()) {
  state_->schema.value = *schema;
  schema->release = nullptr;
  state_->chunk() = *array;
  array->release = nullptr;
  state_->batch_bytes = batch_bytes;
  state_->open();
  state_->start_chunk();
}

ArrowBatchReader ArrowBatchReader::of_table(ArrowArrayStream* stream) {
  ArrowBatchReader reader(stream);
  reader.state_->held_elsewhere = true;
  return reader;
}

ArrowBatchReader::~ArrowBatchReader() = default;
ArrowBatchReader::ArrowBatchReader(ArrowBatchReader&&) noexcept = default;
ArrowBatchReader& ArrowBatchReader::operator=(ArrowBatchReader&&) noexcept = default;

std::optional<Batch> ArrowBatchReader::next() {
  State& state = *state_;
  if (!state.find_rows()) return std::nullopt;
  const ArrowArray& chunk = state.chunk();
  const std::int64_t begin = state.position;
  const std::int64_t end = std::min(begin + state.rows_a_time, chunk.length);
  state.position = end;
  const auto rows = static_cast<std::size_t>(end - begin);
  const std::vector<std::uint8_t> row_validity = copy_validity(chunk, begin, rows);
  auto made = std::make_shared<Batch::State>();
  made->rows = rows;
  made->held_elsewhere = state.held_elsewhere;
  for (std::size_t i = 0; i < state.root.children.size(); ++i) {
    const ArrowType& type = state.root.children[i];
    if (row_validity.empty() && ArrowColumn::can_stay(type)) {
      made->schema.push_back({type.name, type.stored});
      made->columns.emplace_back();
      made->foreign.push_back(std::make_shared<const ArrowColumn>(
          state.current, i, chunk.offset + begin, chunk.offset + end));
      made->read.push_back(false);
      continue;
    }
    Column column = state.read(i, chunk.offset + begin, chunk.offset + end);
    if (!row_validity.empty() && column.field.type != ColumnType::null) {
      if (column.validity.empty()) column.validity.assign(row_validity.size(), 0xff);
      for (std::size_t byte = 0; byte < row_validity.size(); ++byte)
        column.validity[byte] &= row_validity[byte];
    }
    made->schema.push_back(column.field);
    made->columns.push_back(std::move(column));
    made->foreign.emplace_back();
    made->read.push_back(true);
  }
  return Batch(std::shared_ptr<const Batch::State>(std::move(made)));
}

}  // namespace vdk
