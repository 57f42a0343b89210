#include "data/arrow_ipc.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "data/arrow_format.hpp"
#include "data/lattice.hpp"

namespace vdk {

namespace {

static_assert(std::endian::native == std::endian::little, "the stream says little-endian");

// Builds a FlatBuffer from its end to its beginning, as the format asks for: what a table refers to
// is written before the table. A place is counted from the end.
class FlatBuilder {
 public:
  using Place = std::uint32_t;

  template <class T>
  void push(T value) {
    align(sizeof(T));
    push_bytes(&value, sizeof value);
  }

  // Pads so that, after `after` more bytes, the place is a multiple of `size`.
  void align(std::size_t size, std::size_t after = 0) {
    largest_ = std::max(largest_, size);
    while ((bytes_.size() + after) % size != 0) bytes_.push_back(0);
  }

  [[nodiscard]] Place here() const { return static_cast<Place>(bytes_.size()); }

  void push_reference(Place place) {
    align(sizeof(Place));
    push<std::uint32_t>(here() + static_cast<Place>(sizeof(Place)) - place);
  }

  Place string(std::string_view text) {
    align(4, text.size() + 1);
    bytes_.push_back(0);
    push_bytes(text.data(), text.size());
    push(static_cast<std::uint32_t>(text.size()));
    return here();
  }

  Place references(const std::vector<Place>& places) {
    align(4, places.size() * 4);
    for (std::size_t i = places.size(); i-- > 0;) push_reference(places[i]);
    push(static_cast<std::uint32_t>(places.size()));
    return here();
  }

  // A vector of structs of two int64.
  Place pairs(const std::vector<std::pair<std::int64_t, std::int64_t>>& values) {
    align(4, values.size() * 16);
    align(8, values.size() * 16);
    for (std::size_t i = values.size(); i-- > 0;) {
      push(values[i].second);
      push(values[i].first);
    }
    push(static_cast<std::uint32_t>(values.size()));
    return here();
  }

  // Fields of a table, in any order, then end_table.
  void begin_table() {
    fields_.clear();
    table_end_ = here();
  }
  template <class T>
  void field(std::size_t id, T value) {
    push(value);
    note(id);
  }
  void reference(std::size_t id, Place place) {
    push_reference(place);
    note(id);
  }
  Place end_table() {
    push<std::int32_t>(0);  // where the table's layout is; known below
    const Place table = here();
    std::size_t count = 0;
    for (const auto& [id, place] : fields_) count = std::max(count, id + 1);
    std::vector<std::uint16_t> layout(count, 0);
    for (const auto& [id, place] : fields_) layout[id] = static_cast<std::uint16_t>(table - place);
    for (std::size_t i = count; i-- > 0;) push(layout[i]);
    push(static_cast<std::uint16_t>(table - table_end_));
    push(static_cast<std::uint16_t>((count + 2) * sizeof(std::uint16_t)));
    const auto distance = static_cast<std::int32_t>(here() - table);
    patch(table, distance);
    return table;
  }

  // The finished buffer, padded to a multiple of eight bytes.
  std::string finish(Place root) {
    align(largest_, sizeof(Place));
    push_reference(root);
    std::string text(bytes_.rbegin(), bytes_.rend());
    text.resize((text.size() + 7) / 8 * 8, '\0');
    return text;
  }

 private:
  void push_bytes(const void* bytes, std::size_t size) {
    const auto* begin = static_cast<const std::uint8_t*>(bytes);
    for (std::size_t i = size; i-- > 0;) bytes_.push_back(begin[i]);
  }
  void note(std::size_t id) { fields_.emplace_back(id, here()); }
  // Overwrites the four bytes whose beginning is at the place.
  void patch(Place place, std::int32_t value) {
    std::uint8_t raw[sizeof value];
    std::memcpy(raw, &value, sizeof value);
    for (std::size_t i = 0; i < sizeof value; ++i) bytes_[place - 1 - i] = raw[i];
  }

  std::vector<std::uint8_t> bytes_;  // in reverse
  std::size_t largest_ = 4;
  Place table_end_ = 0;
  std::vector<std::pair<std::size_t, Place>> fields_;
};

// Numbers of the format (Schema.fbs and Message.fbs of Apache Arrow).
constexpr std::int16_t kVersion5 = 4;
enum class Header : std::uint8_t { schema = 1, record_batch = 3 };
enum class TypeTag : std::uint8_t {
  null = 1,
  integer = 2,
  floating = 3,
  boolean = 6,
  date = 8,
  timestamp = 10,
  large_binary = 19,
  large_text = 20
};
constexpr std::int16_t kDouble = 2;
constexpr std::int16_t kDays = 0;
constexpr std::int16_t kMicroseconds = 2;

struct TypeInBuffer {
  TypeTag tag;
  FlatBuilder::Place place;
};

TypeInBuffer add_type(FlatBuilder& buffer, ColumnType type) {
  const auto zone = type == ColumnType::timestamp_tz ? buffer.string("UTC") : 0;
  buffer.begin_table();
  TypeTag tag = TypeTag::large_text;
  switch (type) {
    case ColumnType::null:
      tag = TypeTag::null;
      break;
    case ColumnType::boolean:
      tag = TypeTag::boolean;
      break;
    case ColumnType::integer:
      tag = TypeTag::integer;
      buffer.field<std::int32_t>(0, 64);
      buffer.field<std::uint8_t>(1, 1);
      break;
    case ColumnType::real:
      tag = TypeTag::floating;
      buffer.field(0, kDouble);
      break;
    case ColumnType::date:
      tag = TypeTag::date;
      buffer.field(0, kDays);
      break;
    case ColumnType::timestamp:
    case ColumnType::timestamp_tz:
      tag = TypeTag::timestamp;
      if (zone != 0) buffer.reference(1, zone);
      buffer.field(0, kMicroseconds);
      break;
    case ColumnType::binary:
      tag = TypeTag::large_binary;
      break;
    case ColumnType::text:
    case ColumnType::decimal:
    case ColumnType::json:
      break;
  }
  return {tag, buffer.end_table()};
}

FlatBuilder::Place add_field(FlatBuilder& buffer, const Field& field) {
  FlatBuilder::Place metadata = 0;
  if (field.type == ColumnType::decimal || field.type == ColumnType::json) {
    const auto key = buffer.string(kTypeKey);
    const auto value = buffer.string(to_string(field.type));
    buffer.begin_table();
    buffer.reference(0, key);
    buffer.reference(1, value);
    metadata = buffer.references({buffer.end_table()});
  }
  const TypeInBuffer type = add_type(buffer, field.type);
  const auto children = buffer.references({});
  const auto name = buffer.string(field.name);
  buffer.begin_table();
  buffer.reference(0, name);
  buffer.reference(3, type.place);
  buffer.reference(5, children);
  if (metadata != 0) buffer.reference(6, metadata);
  buffer.field<std::uint8_t>(1, 1);
  buffer.field(2, type.tag);
  return buffer.end_table();
}

std::string message(FlatBuilder& buffer, Header header, FlatBuilder::Place place,
                    std::int64_t body) {
  buffer.begin_table();
  buffer.field(3, body);
  buffer.reference(2, place);
  buffer.field(0, kVersion5);
  buffer.field(1, header);
  std::string metadata = buffer.finish(buffer.end_table());
  const std::uint32_t prefix[] = {0xFFFFFFFFU, static_cast<std::uint32_t>(metadata.size())};
  std::string text(sizeof prefix, '\0');
  std::memcpy(text.data(), prefix, sizeof prefix);
  return text + metadata;
}

// The buffers of a batch, one after another, each at a multiple of eight bytes.
struct Body {
  std::string bytes;
  std::vector<std::pair<std::int64_t, std::int64_t>> buffers;  // offset, length

  void add(const void* data, std::size_t size) {
    buffers.emplace_back(bytes.size(), size);
    bytes.append(static_cast<const char*>(data), size);
    bytes.resize((bytes.size() + 7) / 8 * 8, '\0');
  }
};

std::int64_t add_column(Body& body, const Column& column, std::size_t rows) {
  if (column.field.type == ColumnType::null) return static_cast<std::int64_t>(rows);
  std::int64_t nulls = 0;
  for (std::size_t row = 0; row < rows; ++row) nulls += column.is_null(row) ? 1 : 0;
  body.add(column.validity.data(), nulls == 0 ? 0 : (rows + 7) / 8);
  if (has_offsets(column.field.type)) {
    const auto begin = static_cast<std::size_t>(column.offsets.front());
    std::vector<std::int64_t> offsets(
        column.offsets.begin(), column.offsets.begin() + static_cast<std::ptrdiff_t>(rows) + 1);
    for (std::int64_t& offset : offsets) offset -= static_cast<std::int64_t>(begin);
    body.add(offsets.data(), offsets.size() * sizeof(std::int64_t));
    body.add(column.values.data() + begin, static_cast<std::size_t>(offsets.back()));
  } else {
    const std::size_t width = fixed_width(column.field.type);
    body.add(column.values.data(), width == 0 ? (rows + 7) / 8 : rows * width);
  }
  return nulls;
}

}  // namespace

ArrowIpcWriter::ArrowIpcWriter(const Schema& schema, Out out) : out_(std::move(out)) {
  FlatBuilder buffer;
  std::vector<FlatBuilder::Place> fields;
  for (const Field& field : schema) fields.push_back(add_field(buffer, field));
  const auto list = buffer.references(fields);
  buffer.begin_table();
  buffer.reference(1, list);
  out_(message(buffer, Header::schema, buffer.end_table(), 0));
}

void ArrowIpcWriter::write(const Batch& batch) {
  Body body;
  std::vector<std::pair<std::int64_t, std::int64_t>> nodes;  // length, nulls
  for (const Column& column : batch.columns()) {
    const std::int64_t nulls = add_column(body, column, batch.rows());
    nodes.emplace_back(batch.rows(), nulls);
  }
  FlatBuilder buffer;
  const auto buffers = buffer.pairs(body.buffers);
  const auto lengths = buffer.pairs(nodes);
  buffer.begin_table();
  buffer.field(0, static_cast<std::int64_t>(batch.rows()));
  buffer.reference(1, lengths);
  buffer.reference(2, buffers);
  out_(message(buffer, Header::record_batch, buffer.end_table(),
               static_cast<std::int64_t>(body.bytes.size())));
  out_(body.bytes);
}

void ArrowIpcWriter::finish() {
  constexpr std::string_view kEnd("\xFF\xFF\xFF\xFF\0\0\0\0", 8);
  out_(kEnd);
}

}  // namespace vdk
