#include "vdk/data/arrow_import.hpp"

#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <deque>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "data/arrow_format.hpp"
#include "vdk/base/error.hpp"
#include "vdk/data/batch_rows.hpp"
#include "vdk/data/text_form.hpp"

namespace vdk {
namespace {

using enum ColumnType;

// One array as another library would offer it, with its schema. Buffers are copied, so they can be
// built in place.
struct Offered {
  std::string format;
  std::string name{};
  std::int64_t length = 0;
  std::vector<std::string> buffers{};  // the first is validity; empty = none
  std::vector<Offered> children{};
  std::vector<Offered> dictionary{};  // none or one
  std::int64_t offset = 0;
  std::string metadata{};
};

template <class T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

Offered fixed(std::string format, std::int64_t length, std::string values,
              std::string validity = "") {
  return {.format = std::move(format),
          .length = length,
          .buffers = {std::move(validity), std::move(values)}};
}

template <class Offset>
Offered strings(std::string format, const std::vector<std::string>& values,
                std::string validity = "") {
  std::vector<Offset> offsets{0};
  std::string data;
  for (const std::string& value : values) {
    data += value;
    offsets.push_back(static_cast<Offset>(data.size()));
  }
  return {.format = std::move(format),
          .length = static_cast<std::int64_t>(values.size()),
          .buffers = {std::move(validity), bytes_of(offsets), data}};
}

struct Kept {
  Offered offered;
  std::vector<const void*> buffers{};
  std::vector<ArrowArray*> arrays{};
  std::vector<ArrowSchema*> schemas{};
  std::deque<ArrowArray> child_arrays{};
  std::deque<ArrowSchema> child_schemas{};
  ArrowArray dictionary_array{};
  ArrowSchema dictionary_schema{};
};

int living = 0;  // structs that were offered and not yet released

void offer(const Offered& offered, ArrowSchema* schema, ArrowArray* array) {
  auto* kept = new Kept{offered};
  ++living;
  for (const std::string& buffer : kept->offered.buffers) {
    kept->buffers.push_back(kept->buffers.empty() && buffer.empty() ? nullptr : buffer.data());
  }
  for (const Offered& child : kept->offered.children) {
    offer(child, &kept->child_schemas.emplace_back(), &kept->child_arrays.emplace_back());
    kept->schemas.push_back(&kept->child_schemas.back());
    kept->arrays.push_back(&kept->child_arrays.back());
  }
  *schema = {};
  *array = {};
  if (!kept->offered.dictionary.empty()) {
    offer(kept->offered.dictionary.front(), &kept->dictionary_schema, &kept->dictionary_array);
    schema->dictionary = &kept->dictionary_schema;
    array->dictionary = &kept->dictionary_array;
  }
  schema->format = kept->offered.format.c_str();
  schema->name = kept->offered.name.c_str();
  schema->metadata = kept->offered.metadata.empty() ? nullptr : kept->offered.metadata.data();
  schema->n_children = static_cast<std::int64_t>(kept->schemas.size());
  schema->children = kept->schemas.data();
  schema->release = [](ArrowSchema* self) { self->release = nullptr; };  // the array keeps both
  array->length = kept->offered.length;
  array->null_count = -1;
  array->offset = kept->offered.offset;
  array->n_buffers = static_cast<std::int64_t>(kept->buffers.size());
  array->buffers = kept->buffers.data();
  array->n_children = static_cast<std::int64_t>(kept->arrays.size());
  array->children = kept->arrays.data();
  array->private_data = kept;
  array->release = [](ArrowArray* self) {
    auto* mine = static_cast<Kept*>(self->private_data);
    for (ArrowArray* child : mine->arrays) child->release(child);
    if (mine->dictionary_array.release != nullptr)
      mine->dictionary_array.release(&mine->dictionary_array);
    delete mine;
    --living;
    self->release = nullptr;
  };
}

Offered table(std::vector<Offered> columns) {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].name.empty()) columns[i].name = std::string(1, static_cast<char>('a' + i));
  }
  const std::int64_t length = columns.empty() ? 0 : columns.front().length;
  return {.format = "+s", .length = length, .buffers = {""}, .children = std::move(columns)};
}

// The array holds the strings of the schema, so both go into the reader's hands at once.
std::vector<Batch> read_all(const Offered& offered,
                            std::size_t batch_bytes = ArrowBatchReader::kBatchBytes) {
  ArrowSchema schema;
  ArrowArray array;
  offer(offered, &schema, &array);
  ArrowBatchReader reader(&schema, &array, batch_bytes);
  std::vector<Batch> batches;
  while (auto batch = reader.next()) batches.push_back(std::move(*batch));
  return batches;
}

struct Shape {
  ColumnType type;
  std::vector<std::string> cells;
  bool operator==(const Shape&) const = default;
};

void PrintTo(const Shape& shape, std::ostream* out) {
  *out << to_string(shape.type) << ":";
  for (const std::string& cell : shape.cells) *out << " [" << cell << "]";
}

Shape shape_of(const Column& column, std::size_t rows) {
  Shape shape{column.field.type, {}};
  for (std::size_t row = 0; row < rows; ++row) {
    std::string cell;
    append_cell_text(cell, column, row);
    shape.cells.push_back(column.is_null(row) ? "-" : cell);
  }
  return shape;
}

Shape read_column(Offered column) {
  const std::vector<Batch> batches = read_all(table({std::move(column)}));
  EXPECT_EQ(batches.size(), std::size_t{1});
  if (batches.empty()) return {};
  return shape_of(batches.front().columns().at(0), batches.front().rows());
}

class ArrowImport : public testing::Test {
 protected:
  void TearDown() override {
    EXPECT_EQ(living, 0) << "an offered array was not released, or twice";
  }
};

TEST_F(ArrowImport, integers_of_every_width_become_integers) {
  EXPECT_EQ(read_column(fixed("c", 3, bytes_of<std::int8_t>({-128, 0, 127}))),
            (Shape{integer, {"-128", "0", "127"}}));
  EXPECT_EQ(read_column(fixed("C", 1, bytes_of<std::uint8_t>({255}))), (Shape{integer, {"255"}}));
  EXPECT_EQ(read_column(fixed("s", 1, bytes_of<std::int16_t>({-32768}))),
            (Shape{integer, {"-32768"}}));
  EXPECT_EQ(read_column(fixed("S", 1, bytes_of<std::uint16_t>({65535}))),
            (Shape{integer, {"65535"}}));
  EXPECT_EQ(read_column(fixed("i", 1, bytes_of<std::int32_t>({-5}))), (Shape{integer, {"-5"}}));
  EXPECT_EQ(read_column(fixed("I", 1, bytes_of<std::uint32_t>({4294967295U}))),
            (Shape{integer, {"4294967295"}}));
  EXPECT_EQ(read_column(fixed("l", 2, bytes_of<std::int64_t>({-1, 1}))),
            (Shape{integer, {"-1", "1"}}));
  EXPECT_EQ(read_column(fixed("L", 1, bytes_of<std::uint64_t>({7}))), (Shape{integer, {"7"}}));
}

TEST_F(ArrowImport, unsigned_integers_beyond_64_bits_keep_their_digits) {
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(read_column(fixed("L", 3, bytes_of<std::uint64_t>({most, 1, 2}), "\x05")),
            (Shape{json, {"18446744073709551615", "-", "2"}}));
}

TEST_F(ArrowImport, reals_of_every_width_become_reals) {
  EXPECT_EQ(read_column(fixed("g", 2, bytes_of<double>({0.1, -1e300}))),
            (Shape{real, {"0.1", "-1e+300"}}));
  EXPECT_EQ(read_column(fixed("f", 2, bytes_of<float>({0.5F, HUGE_VALF}))),
            (Shape{real, {"0.5", "inf"}}));
  EXPECT_EQ(read_column(fixed(
                "e", 6, bytes_of<std::uint16_t>({0x3c00, 0xc000, 0x7c00, 0x7e00, 0x0001, 0x7bff}))),
            (Shape{real, {"1.0", "-2.0", "inf", "nan", "5.960464477539063e-08", "65504.0"}}));
}

TEST_F(ArrowImport, booleans_are_read_from_any_offset) {
  Offered column = fixed("b", 11, std::string("\x55\x03", 2), std::string("\xfd\x07", 2));
  EXPECT_EQ(read_column(column), (Shape{boolean,
                                        {"True", "-", "True", "False", "True", "False", "True",
                                         "False", "True", "True", "False"}}));
  column.offset = 3;
  column.length = 8;
  Offered whole = table({column});
  whole.length = 8;
  const auto batches = read_all(whole);
  EXPECT_EQ(shape_of(batches.at(0).columns()[0], 8),
            (Shape{boolean, {"False", "True", "False", "True", "False", "True", "True", "False"}}));
}

TEST_F(ArrowImport, offsets_of_table_and_column_add_up) {
  Offered column = fixed("l", 5, bytes_of<std::int64_t>({0, 1, 2, 3, 4, 5, 6}), "\x5f");
  column.offset = 1;
  Offered whole = table({column});
  whole.offset = 2;
  whole.length = 3;
  EXPECT_EQ(shape_of(read_all(whole).at(0).columns()[0], 3), (Shape{integer, {"3", "4", "-"}}));
}

TEST_F(ArrowImport, texts_and_bytes_come_with_every_kind_of_offset) {
  EXPECT_EQ(read_column(strings<std::int32_t>("u", {"a", "", "hidden", "Grüße"}, "\x0b")),
            (Shape{text, {"a", "", "-", "Grüße"}}));
  EXPECT_EQ(read_column(strings<std::int64_t>("U", {"x"})), (Shape{text, {"x"}}));
  EXPECT_EQ(read_column(strings<std::int32_t>("z", {"\x01"})), (Shape{binary, {"b'\\x01'"}}));
  EXPECT_EQ(read_column(strings<std::int64_t>("Z", {"y", ""})), (Shape{binary, {"b'y'", "b''"}}));
  EXPECT_EQ(read_column(fixed("w:2", 2, "abcd")), (Shape{binary, {"b'ab'", "b'cd'"}}));
}

TEST_F(ArrowImport, a_slice_of_texts_starts_where_it_should) {
  Offered column = strings<std::int32_t>("u", {"aa", "b", "cc", "d"});
  column.offset = 1;
  column.length = 3;
  Offered whole = table({column});
  whole.offset = 1;
  whole.length = 2;
  EXPECT_EQ(shape_of(read_all(whole).at(0).columns()[0], 2), (Shape{text, {"cc", "d"}}));
}

TEST_F(ArrowImport, views_are_read_inline_and_from_their_buffers) {
  const auto view = [](std::int32_t length, std::string_view head, std::int32_t buffer,
                       std::int32_t offset) {
    std::string bytes(16, '\0');
    std::memcpy(bytes.data(), &length, 4);
    if (length <= 12) {
      std::memcpy(bytes.data() + 4, head.data(), head.size());
    } else {
      std::memcpy(bytes.data() + 4, head.data(), 4);
      std::memcpy(bytes.data() + 8, &buffer, 4);
      std::memcpy(bytes.data() + 12, &offset, 4);
    }
    return bytes;
  };
  const Offered column{.format = "vu",
                       .length = 4,
                       .buffers = {"\x0d",
                                   view(3, "abc", 0, 0) + view(0, "", 0, 0) +
                                       view(12, "exactly  12.", 0, 0) + view(14, "this", 1, 2),
                                   "first", "--this is longer", bytes_of<std::int64_t>({5, 16})}};
  EXPECT_EQ(read_column(column), (Shape{text, {"abc", "-", "exactly  12.", "this is longer"}}));
}

TEST_F(ArrowImport, decimals_keep_every_digit) {
  const auto words = [](std::vector<std::uint32_t> low_first) {
    return bytes_of<std::uint32_t>(low_first);
  };
  EXPECT_EQ(read_column(fixed("d:5,2", 4,
                              words({12345, 0, 0, 0}) + words({~4U, ~0U, ~0U, ~0U}) +
                                  words({0, 0, 0, 0}) + words({7, 0, 0, 0}))),
            (Shape{decimal, {"123.45", "-0.05", "0.00", "0.07"}}));
  EXPECT_EQ(read_column(fixed("d:38,0", 2,
                              words({~0U, ~0U, ~0U, 0x7fffffffU}) + words({0, 0, 0, 0x80000000U}))),
            (Shape{decimal,
                   {"170141183460469231731687303715884105727",
                    "-170141183460469231731687303715884105728"}}));
  EXPECT_EQ(read_column(fixed("d:76,3,256", 1, words({0, 0, 0, 0, 1, 0, 0, 0}))),
            (Shape{decimal, {"340282366920938463463374607431768211.456"}}));
  EXPECT_EQ(read_column(fixed("d:9,1,32", 1, bytes_of<std::int32_t>({-15}))),
            (Shape{decimal, {"-1.5"}}));
  EXPECT_EQ(read_column(fixed("d:18,4,64", 1, bytes_of<std::int64_t>({10'000'000'000}))),
            (Shape{decimal, {"1000000.0000"}}));
  EXPECT_EQ(read_column(fixed("d:5,-2", 2, words({3, 0, 0, 0}) + words({0, 0, 0, 0}))),
            (Shape{decimal, {"300", "0"}}));
}

TEST_F(ArrowImport, dates_of_both_kinds_become_dates) {
  EXPECT_EQ(read_column(fixed("tdD", 2, bytes_of<std::int32_t>({0, -1}))),
            (Shape{date, {"1970-01-01", "1969-12-31"}}));
  EXPECT_EQ(read_column(fixed("tdm", 2, bytes_of<std::int64_t>({86'400'000, -86'400'000}))),
            (Shape{date, {"1970-01-02", "1969-12-31"}}));
  EXPECT_EQ(read_column(fixed("tdm", 1, bytes_of<std::int64_t>({86'400'001}))),
            (Shape{timestamp, {"1970-01-02T00:00:00.001000"}}));
}

TEST_F(ArrowImport, timestamps_of_every_unit_become_microseconds) {
  EXPECT_EQ(read_column(fixed("tss:", 1, bytes_of<std::int64_t>({-1}))),
            (Shape{timestamp, {"1969-12-31T23:59:59"}}));
  EXPECT_EQ(read_column(fixed("tsm:", 1, bytes_of<std::int64_t>({1}))),
            (Shape{timestamp, {"1970-01-01T00:00:00.001000"}}));
  EXPECT_EQ(read_column(fixed("tsu:Europe/Sofia", 1, bytes_of<std::int64_t>({1}))),
            (Shape{timestamp_tz, {"1970-01-01T00:00:00.000001+00:00"}}));
  EXPECT_EQ(read_column(fixed("tsn:", 3, bytes_of<std::int64_t>({-1'000, 7, 2'000}), "\x05")),
            (Shape{timestamp, {"1969-12-31T23:59:59.999999", "-", "1970-01-01T00:00:00.000002"}}));
}

TEST_F(ArrowImport, timestamps_that_microseconds_cannot_hold_become_text) {
  EXPECT_EQ(
      read_column(fixed("tsn:UTC", 2, bytes_of<std::int64_t>({1'000'000'007, 5'000}))),
      (Shape{text, {"1970-01-01T00:00:01.000000007+00:00", "1970-01-01T00:00:00.000005+00:00"}}));
  EXPECT_EQ(read_column(fixed("tss:", 1, bytes_of<std::int64_t>({std::int64_t{1} << 50}))).type,
            text);
}

TEST_F(ArrowImport, times_of_day_become_text) {
  EXPECT_EQ(read_column(fixed("tts", 1, bytes_of<std::int32_t>({3'661}))),
            (Shape{text, {"01:01:01"}}));
  EXPECT_EQ(read_column(fixed("ttu", 1, bytes_of<std::int64_t>({1}))),
            (Shape{text, {"00:00:00.000001"}}));
  EXPECT_EQ(read_column(fixed("ttn", 1, bytes_of<std::int64_t>({86'399'999'999'999}))),
            (Shape{text, {"23:59:59.999999999"}}));
}

TEST_F(ArrowImport, dictionaries_become_their_values) {
  Offered column = fixed("c", 5, bytes_of<std::int8_t>({1, 0, 99, 2, 1}), "\x1b");
  column.dictionary = {strings<std::int32_t>("u", {"low", "high", "unknown"}, "\x03")};
  EXPECT_EQ(read_column(column), (Shape{text, {"high", "low", "-", "-", "high"}}));
  column.dictionary = {fixed("g", 3, bytes_of<double>({1.5, 2.5, 3.5}))};
  EXPECT_EQ(read_column(column), (Shape{real, {"2.5", "1.5", "-", "3.5", "2.5"}}));
  column.dictionary = {fixed("b", 3, "\x02")};
  EXPECT_EQ(read_column(column), (Shape{boolean, {"True", "False", "-", "False", "True"}}));
}

TEST_F(ArrowImport, an_index_outside_its_dictionary_is_an_error) {
  Offered column = fixed("c", 1, bytes_of<std::int8_t>({3}));
  column.dictionary = {strings<std::int32_t>("u", {"only"})};
  EXPECT_THROW((void)read_column(column), Error);
}

TEST_F(ArrowImport, nested_values_become_json) {
  Offered numbers = fixed("i", 4, bytes_of<std::int32_t>({1, 2, 3, 4}), "\x0d");
  numbers.name = "item";
  EXPECT_EQ(read_column({.format = "+l",
                         .length = 3,
                         .buffers = {"\x05", bytes_of<std::int32_t>({0, 2, 2, 4})},
                         .children = {numbers}}),
            (Shape{json, {"[1, null]", "-", "[3, 4]"}}));
  EXPECT_EQ(read_column({.format = "+w:2", .length = 2, .buffers = {""}, .children = {numbers}}),
            (Shape{json, {"[1, null]", "[3, 4]"}}));
  EXPECT_EQ(
      read_column({.format = "+vl",
                   .length = 2,
                   .buffers = {"", bytes_of<std::int32_t>({2, 0}), bytes_of<std::int32_t>({2, 1})},
                   .children = {numbers}}),
      (Shape{json, {"[3, 4]", "[1]"}}));

  Offered words = strings<std::int32_t>("u", {"a\"b", "c", "d", "e"});
  words.name = "word";
  numbers.name = "number";
  Offered pair{.format = "+s", .length = 4, .buffers = {""}, .children = {words, numbers}};
  EXPECT_EQ(read_column(pair),
            (Shape{json,
                   {R"({"word": "a\"b", "number": 1})", R"({"word": "c", "number": null})",
                    R"({"word": "d", "number": 3})", R"({"word": "e", "number": 4})"}}));
  pair.name = "entries";
  Offered map{.format = "+m",
              .length = 2,
              .buffers = {"", bytes_of<std::int32_t>({0, 3, 4})},
              .children = {pair}};
  EXPECT_EQ(read_column(map), (Shape{json, {R"({"a\"b": 1, "c": null, "d": 3})", R"({"e": 4})"}}));
  std::swap(map.children[0].children[0], map.children[0].children[1]);
  map.children[0].children[0].buffers[0].clear();
  EXPECT_EQ(read_column(map),
            (Shape{json, {R"([[1, "a\"b"], [2, "c"], [3, "d"]])", R"([[4, "e"]])"}}));
}

TEST_F(ArrowImport, leaves_of_nested_values_keep_what_they_say) {
  const auto one = [](Offered leaf) {
    leaf.name = "x";
    return read_column({.format = "+s",
                        .length = leaf.length,
                        .buffers = {""},
                        .children = {std::move(leaf)}})
        .cells.at(0);
  };
  EXPECT_EQ(one(fixed("b", 1, "\x01")), R"({"x": true})");
  EXPECT_EQ(one(fixed("L", 1, bytes_of<std::uint64_t>({~std::uint64_t{0}}))),
            R"({"x": 18446744073709551615})");
  EXPECT_EQ(one(fixed("g", 1, bytes_of<double>({1e16}))), R"({"x": 1e+16})");
  EXPECT_EQ(one(strings<std::int32_t>("z", {"\x01\xff"})), R"({"x": [1, 255]})");
  EXPECT_EQ(one(fixed("tdD", 1, bytes_of<std::int32_t>({0}))), R"({"x": "1970-01-01"})");
  EXPECT_EQ(one(fixed("tdm", 1, bytes_of<std::int64_t>({-1}))), R"({"x": "1969-12-31"})");
  EXPECT_EQ(one(fixed("tsn:", 1, bytes_of<std::int64_t>({1}))),
            R"({"x": "1970-01-01T00:00:00.000000001"})");
  EXPECT_EQ(one(fixed("ttm", 1, bytes_of<std::int32_t>({1}))), R"({"x": "00:00:00.001000"})");
  EXPECT_EQ(one(fixed("d:5,2", 1, bytes_of<std::int64_t>({150, 0}))), R"({"x": 1.50})");
  EXPECT_EQ(one({.format = "n", .length = 1}), R"({"x": null})");
  Offered word = fixed("i", 1, bytes_of<std::int32_t>({1}));
  word.dictionary = {strings<std::int32_t>("u", {"no", "yes"})};
  EXPECT_EQ(one(word), R"({"x": "yes"})");
}

TEST_F(ArrowImport, extension_types_are_honoured) {
  Offered id =
      fixed("w:16", 1,
            std::string("\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff", 16));
  id.metadata =
      encode_metadata({{"ARROW:extension:name", "arrow.uuid"}, {"ARROW:extension:metadata", ""}});
  EXPECT_EQ(read_column(id), (Shape{text, {"00112233-4455-6677-8899-aabbccddeeff"}}));
  Offered tree = strings<std::int32_t>("u", {"[1]"});
  tree.metadata = encode_metadata({{"ARROW:extension:name", "arrow.json"}});
  EXPECT_EQ(read_column(tree), (Shape{json, {"[1]"}}));
}

TEST_F(ArrowImport, a_column_of_nothing_is_null) {
  EXPECT_EQ(read_column({.format = "n", .length = 2}), (Shape{null, {"-", "-"}}));
}

TEST_F(ArrowImport, null_rows_of_the_table_are_null_in_every_column) {
  Offered whole = table({fixed("l", 3, bytes_of<std::int64_t>({1, 2, 3})),
                         strings<std::int32_t>("u", {"a", "b", "c"}, "\x03")});
  whole.buffers[0] = "\x05";
  const auto batches = read_all(whole);
  EXPECT_EQ(shape_of(batches.at(0).columns()[0], 3), (Shape{integer, {"1", "-", "3"}}));
  EXPECT_EQ(shape_of(batches.at(0).columns()[1], 3), (Shape{text, {"a", "-", "-"}}));
}

TEST_F(ArrowImport, a_huge_array_comes_in_pieces) {
  constexpr int kRows = 100'000;
  std::vector<std::int64_t> numbers;
  std::vector<std::string> words;
  for (int i = 0; i < kRows; ++i) {
    numbers.push_back(i);
    words.push_back(std::to_string(i));
  }
  const auto batches = read_all(
      table({fixed("l", kRows, bytes_of(numbers)), strings<std::int32_t>("u", words)}), 65'536);
  EXPECT_GT(batches.size(), std::size_t{20});
  int row = 0;
  for (const Batch& batch : batches) {
    EXPECT_LE(batch.bytes(), std::size_t{2 * 65'536});
    for (std::size_t i = 0; i < batch.rows(); ++i, ++row) {
      ASSERT_EQ(batch.columns()[0].integer(i), row);
      ASSERT_EQ(batch.columns()[1].bytes(i), std::to_string(row));
    }
  }
  EXPECT_EQ(row, kRows);
}

std::string error_of(const Offered& offered) {
  try {
    (void)read_all(offered);
  } catch (const Error& error) {
    EXPECT_EQ(error.resolvable_by(), ResolvableBy::user);
    return error.text().what;
  }
  return "";
}

TEST_F(ArrowImport, what_cannot_be_ingested_is_named) {
  Offered wait = fixed("tDn", 1, bytes_of<std::int64_t>({1}));
  wait.name = "wait";
  EXPECT_EQ(error_of(table({wait})), "Column \"wait\" cannot be ingested: it holds durations.");
  Offered first = fixed("l", 1, bytes_of<std::int64_t>({1}));
  first.name = "same";
  EXPECT_EQ(error_of(table({first, first})), "Two columns of the Arrow data are named \"same\".");
  EXPECT_EQ(error_of(first), "The Arrow data has no columns.");
  for (const std::string format : {"", "?", "d:", "w:", "d:5,2,48", "tsx:", "ttx", "+q", "+w:"}) {
    EXPECT_NE(error_of(table({{.format = format, .length = 1, .buffers = {"", "12345678"}}})), "")
        << format;
  }
}

// A stream of the given tables, which then ends or fails.
struct Source {
  std::vector<Offered> tables;
  bool fails = false;
  std::size_t at = 0;
  std::vector<ArrowArray> schema_keepers{};
};

void offer_stream(Source source, ArrowArrayStream* stream) {
  *stream = {};
  stream->private_data = new Source(std::move(source));
  ++living;
  stream->get_schema = [](ArrowArrayStream* self, ArrowSchema* out) {
    auto* mine = static_cast<Source*>(self->private_data);
    ArrowArray keeper;
    offer(mine->tables.front(), out, &keeper);
    mine->schema_keepers.push_back(keeper);
    return 0;
  };
  stream->get_next = [](ArrowArrayStream* self, ArrowArray* out) {
    auto* mine = static_cast<Source*>(self->private_data);
    if (mine->at < mine->tables.size()) {
      ArrowSchema schema;
      offer(mine->tables[mine->at++], &schema, out);
      return 0;
    }
    if (mine->fails) return EIO;
    out->release = nullptr;
    return 0;
  };
  stream->get_last_error = [](ArrowArrayStream*) { return "the disk is gone"; };
  stream->release = [](ArrowArrayStream* self) {
    auto* mine = static_cast<Source*>(self->private_data);
    for (ArrowArray& keeper : mine->schema_keepers) keeper.release(&keeper);
    delete mine;
    --living;
    self->release = nullptr;
  };
}

TEST_F(ArrowImport, a_stream_is_read_to_its_end) {
  const auto part = [](std::vector<std::int64_t> values) {
    const auto count = static_cast<std::int64_t>(values.size());
    return table({fixed("l", count, bytes_of(values))});
  };
  ArrowArrayStream stream;
  offer_stream({.tables = {part({1, 2}), part({}), part({3})}}, &stream);
  ArrowBatchReader reader(&stream);
  EXPECT_EQ(stream.release, nullptr);
  std::vector<std::int64_t> seen;
  while (const auto batch = reader.next()) {
    for (std::size_t row = 0; row < batch->rows(); ++row)
      seen.push_back(batch->columns()[0].integer(row));
  }
  EXPECT_EQ(seen, (std::vector<std::int64_t>{1, 2, 3}));
  EXPECT_FALSE(reader.next());
}

TEST_F(ArrowImport, a_stream_that_fails_says_why) {
  ArrowArrayStream stream;
  offer_stream({.tables = {table({fixed("l", 1, bytes_of<std::int64_t>({1}))})}, .fails = true},
               &stream);
  ArrowBatchReader reader(&stream);
  EXPECT_TRUE(reader.next());
  try {
    (void)reader.next();
    FAIL() << "the stream did not fail";
  } catch (const Error& error) {
    EXPECT_NE(error.text().what.find("the disk is gone"), std::string::npos);
  }
}

TEST_F(ArrowImport, a_reader_that_is_dropped_half_way_releases_all) {
  ArrowArrayStream stream;
  offer_stream({.tables = {table({fixed("l", 1, bytes_of<std::int64_t>({1}))})}}, &stream);
  ArrowBatchReader reader(&stream);
  EXPECT_TRUE(reader.next());
}

TEST_F(ArrowImport, what_its_owner_holds_anyway_counts_little_until_it_is_read) {
  const Offered rows = table({fixed("l", 10'000, std::string(80'000, '\1'))});
  const auto read = [&](bool is_table) {
    ArrowArrayStream stream;
    offer_stream({.tables = {rows}}, &stream);
    ArrowBatchReader reader =
        is_table ? ArrowBatchReader::of_table(&stream) : ArrowBatchReader(&stream);
    return reader.next().value();
  };
  const Batch streamed = read(false);
  EXPECT_EQ(streamed.bytes_while_unread(), streamed.bytes());
  const std::vector<std::string> name{"other"};
  for (const Batch& held : {read(true), read(true).rename(name)}) {
    EXPECT_EQ(held.bytes(), streamed.bytes());
    EXPECT_LT(held.bytes_while_unread(), held.bytes() / 4);
    EXPECT_EQ(held.columns()[0].integer(0), 0x0101010101010101);
    EXPECT_GE(held.bytes_while_unread(), std::size_t{80'000});
  }
}

TEST_F(ArrowImport, the_digest_tells_rows_apart_by_what_they_say) {
  const auto digest = [](const std::vector<Offered>& columns) {
    return digest_rows(read_all(table(columns)).at(0));
  };
  const std::string hidden_1 = bytes_of<std::int64_t>({1, 99, 3});
  const std::string hidden_2 = bytes_of<std::int64_t>({1, -1, 3});
  // What a null hides says nothing.
  EXPECT_EQ(digest({fixed("l", 3, hidden_1, "\x05")}), digest({fixed("l", 3, hidden_2, "\x05")}));
  EXPECT_NE(digest({fixed("l", 3, hidden_1)}), digest({fixed("l", 3, hidden_2)}));
  EXPECT_NE(digest({fixed("l", 3, hidden_1)}), digest({fixed("l", 3, hidden_1, "\x05")}));
  EXPECT_EQ(digest({strings<std::int32_t>("u", {"a", "b"})}),
            digest({strings<std::int64_t>("U", {"a", "b"})}));
  EXPECT_NE(digest({strings<std::int32_t>("u", {"ab", "c"})}),
            digest({strings<std::int32_t>("u", {"a", "bc"})}));
  const std::string second_null = "\x05";
  const auto texts = [&](const std::vector<std::string>& values) {
    return digest({strings<std::int32_t>("u", values, second_null)});
  };
  EXPECT_EQ(texts({"a", "hidden", "c"}), texts({"a", "", "c"}));
  EXPECT_NE(texts({"a", "", "c"}), texts({"a", "", "d"}));
  EXPECT_NE(texts({"a", "", "c"}), digest({strings<std::int32_t>("u", {"a", "", "c"})}));
  Offered part = strings<std::int32_t>("u", {"before", "a", "", "c"}, "\x0b");
  part.offset = 1;
  part.length = 3;
  EXPECT_EQ(digest({part}), texts({"a", "", "c"})) << "whatever stands before the rows";
  const auto view = [&](std::int32_t length, const std::string& inside, const std::string& data) {
    const std::string first = bytes_of<std::int32_t>({1}) + "a" + std::string(11, '\0');
    return digest(
        {{.format = "vu",
          .length = 3,
          .buffers = {second_null, first + first + bytes_of<std::int32_t>({length}) + inside, data,
                      bytes_of<std::int64_t>({static_cast<std::int64_t>(data.size())})}}});
  };
  const auto short_text = [&](std::int32_t length, const std::string& bytes) {
    return view(length, bytes, "");
  };
  EXPECT_EQ(short_text(3, "abc---------"), short_text(3, "abc+++++++++"));
  EXPECT_NE(short_text(3, "abc---------"), short_text(3, "abd---------"));
  EXPECT_EQ(short_text(9, "abcdefghi---"), short_text(9, "abcdefghi+++"));
  EXPECT_NE(short_text(9, "abcdefghi---"), short_text(9, "abcdefghj---"));
  EXPECT_NE(short_text(3, "abc---------"), short_text(4, "abc---------"));
  const std::string at_2 = "long" + bytes_of<std::int32_t>({0, 2});
  EXPECT_EQ(view(14, at_2, "--long and more."), view(14, at_2, "++long and more."));
  EXPECT_NE(view(14, at_2, "--long and more."), view(14, at_2, "--long and less."));
  for (const std::string_view format : {"f", "g", "tsu:", "b", "tdD", "d:10,2"}) {
    const auto of = [&](char fill) {
      return digest({fixed(std::string(format), 8, std::string(128, fill), "\xfd")});
    };
    EXPECT_EQ(of('\1'), of('\1')) << format;
    EXPECT_NE(of('\1'), of('\2')) << format;
  }
}

}  // namespace
}  // namespace vdk
