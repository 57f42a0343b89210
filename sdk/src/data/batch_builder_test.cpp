#include "vdk/data/batch_builder.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "vdk/base/error.hpp"
#include "vdk/data/text_form.hpp"

namespace vdk {
namespace {

using enum ColumnType;

// A value as a job sends it: its type and, for types with bytes, those; otherwise the number.
struct Sent {
  ColumnType type = null;
  std::int64_t number = 0;
  double real_number = 0;
  std::string bytes{};
};

Sent sent_null() { return {}; }
Sent sent_boolean(bool value) { return {.type = boolean, .number = value ? 1 : 0}; }
Sent sent_integer(std::int64_t value) { return {.type = integer, .number = value}; }
Sent sent_real(double value) { return {.type = real, .real_number = value}; }
Sent sent_bytes(ColumnType type, std::string value) {
  return {.type = type, .bytes = std::move(value)};
}
Sent sent_time(ColumnType type, std::int64_t value) { return {.type = type, .number = value}; }

void append(BatchBuilder& builder, std::size_t column, const Sent& value) {
  switch (value.type) {
    case null:
      return builder.append_null(column);
    case boolean:
      return builder.append_boolean(column, value.number != 0);
    case integer:
      return builder.append_integer(column, value.number);
    case real:
      return builder.append_real(column, value.real_number);
    case text:
      return builder.append_text(column, value.bytes);
    case binary:
      return builder.append_binary(column, value.bytes);
    case date:
      return builder.append_date(column, value.number);
    case timestamp:
      return builder.append_timestamp(column, value.number);
    case timestamp_tz:
      return builder.append_timestamp_utc(column, value.number);
    case decimal:
      return builder.append_decimal(column, value.bytes);
    case json:
      return builder.append_json(column, value.bytes);
  }
}

Batch batch_of(const std::vector<Sent>& values) {
  BatchBuilder builder;
  const std::size_t column = builder.column("a");
  for (const Sent& value : values) {
    append(builder, column, value);
    builder.end_row();
  }
  return builder.finish();
}

struct Shape {
  ColumnType type;
  std::vector<std::string> cells;  // "-" for null, else the text of the cell
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

Shape shape_of(const std::vector<Sent>& values) {
  const Batch batch = batch_of(values);
  EXPECT_EQ(batch.rows(), values.size());
  return shape_of(batch.columns().at(0), batch.rows());
}

TEST(BatchBuilder, a_column_of_one_type_keeps_it) {
  EXPECT_EQ(shape_of({sent_integer(1), sent_null(), sent_integer(-3)}),
            (Shape{integer, {"1", "-", "-3"}}));
  EXPECT_EQ(shape_of({sent_boolean(true), sent_null(), sent_boolean(false)}),
            (Shape{boolean, {"True", "-", "False"}}));
  EXPECT_EQ(shape_of({sent_real(0.5), sent_null()}), (Shape{real, {"0.5", "-"}}));
  EXPECT_EQ(shape_of({sent_null(), sent_bytes(text, "x"), sent_bytes(text, "")}),
            (Shape{text, {"-", "x", ""}}));
  EXPECT_EQ(shape_of({sent_bytes(binary, "x")}), (Shape{binary, {"b'x'"}}));
  EXPECT_EQ(shape_of({sent_time(date, -1)}), (Shape{date, {"1969-12-31"}}));
  EXPECT_EQ(shape_of({sent_time(timestamp, 0)}), (Shape{timestamp, {"1970-01-01T00:00:00"}}));
  EXPECT_EQ(shape_of({sent_time(timestamp_tz, 0)}),
            (Shape{timestamp_tz, {"1970-01-01T00:00:00+00:00"}}));
  EXPECT_EQ(shape_of({sent_bytes(decimal, "1.10")}), (Shape{decimal, {"1.10"}}));
  EXPECT_EQ(shape_of({sent_bytes(json, "{\"a\": 1}")}), (Shape{json, {"{\"a\": 1}"}}));
  EXPECT_EQ(shape_of({sent_null(), sent_null()}), (Shape{null, {"-", "-"}}));
}

TEST(BatchBuilder, booleans_among_integers_become_integers) {
  EXPECT_EQ(shape_of({sent_boolean(true), sent_integer(7), sent_boolean(false)}),
            (Shape{integer, {"1", "7", "0"}}));
}

TEST(BatchBuilder, integers_among_reals_become_reals_where_that_is_exact) {
  const std::int64_t exact = std::int64_t{1} << 53;
  EXPECT_EQ(shape_of({sent_integer(exact), sent_real(0.5)}),
            (Shape{real, {"9007199254740992.0", "0.5"}}));
  EXPECT_EQ(shape_of({sent_integer(exact + 1), sent_real(0.5)}),
            (Shape{decimal, {"9007199254740993", "0.5"}}));
  EXPECT_EQ(shape_of({sent_real(0.5), sent_integer(std::numeric_limits<std::int64_t>::max())}),
            (Shape{decimal, {"0.5", "9223372036854775807"}}));
  EXPECT_EQ(shape_of({sent_real(0.5), sent_integer(std::numeric_limits<std::int64_t>::min())}),
            (Shape{real, {"0.5", "-9.223372036854776e+18"}}));
}

TEST(BatchBuilder, text_keeps_what_was_sent_whatever_came_before) {
  EXPECT_EQ(shape_of({sent_boolean(true), sent_integer(1), sent_real(1), sent_bytes(text, "a")}),
            (Shape{text, {"True", "1", "1.0", "a"}}));
  EXPECT_EQ(shape_of({sent_bytes(text, "a"), sent_real(1), sent_integer(1), sent_boolean(true)}),
            (Shape{text, {"a", "1.0", "1", "True"}}));
  EXPECT_EQ(
      shape_of({sent_time(date, 0), sent_time(timestamp, 1), sent_bytes(text, "a"), sent_null()}),
      (Shape{text, {"1970-01-01", "1970-01-01T00:00:00.000001", "a", "-"}}));
}

TEST(BatchBuilder, dates_among_timestamps_become_timestamps) {
  EXPECT_EQ(shape_of({sent_time(date, 1), sent_time(timestamp, 1)}),
            (Shape{timestamp, {"1970-01-02T00:00:00", "1970-01-01T00:00:00.000001"}}));
}

TEST(BatchBuilder, a_date_beyond_timestamps_makes_text) {
  EXPECT_EQ(shape_of({sent_time(date, 200'000'000), sent_time(timestamp, 0)}).type, text);
}

TEST(BatchBuilder, zoned_and_naive_timestamps_stay_apart_as_text) {
  EXPECT_EQ(shape_of({sent_time(timestamp, 0), sent_time(timestamp_tz, 0)}),
            (Shape{text, {"1970-01-01T00:00:00", "1970-01-01T00:00:00+00:00"}}));
}

TEST(BatchBuilder, numbers_among_json_become_json) {
  EXPECT_EQ(shape_of({sent_boolean(true), sent_integer(1), sent_real(1.5),
                      sent_bytes(decimal, "2.50"), sent_bytes(json, "18446744073709551616")}),
            (Shape{json, {"true", "1", "1.5", "2.50", "18446744073709551616"}}));
}

TEST(BatchBuilder, what_json_cannot_say_makes_text) {
  EXPECT_EQ(shape_of({sent_real(std::nan("")), sent_bytes(json, "[]")}),
            (Shape{text, {"nan", "[]"}}));
  EXPECT_EQ(shape_of({sent_bytes(decimal, "NaN"), sent_bytes(json, "[]")}),
            (Shape{text, {"NaN", "[]"}}));
  EXPECT_EQ(shape_of({sent_bytes(decimal, "1E+5"), sent_bytes(json, "[]")}),
            (Shape{json, {"1E+5", "[]"}}));
  EXPECT_EQ(shape_of({sent_bytes(decimal, "007"), sent_bytes(json, "[]")}).type, text);
}

TEST(BatchBuilder, a_real_that_is_no_number_has_a_decimal) {
  EXPECT_EQ(shape_of({sent_bytes(decimal, "1.5"), sent_real(std::nan("")), sent_real(-HUGE_VAL)}),
            (Shape{decimal, {"1.5", "NaN", "-Infinity"}}));
}

TEST(BatchBuilder, columns_named_late_are_null_before) {
  BatchBuilder builder;
  builder.append_integer(builder.column("a"), 1);
  builder.end_row();
  builder.append_integer(builder.column("b"), 2);
  builder.end_row();
  builder.end_row();
  const Batch batch = builder.finish();
  ASSERT_EQ(batch.schema(), (Schema{{"a", integer}, {"b", integer}}));
  EXPECT_EQ(shape_of(batch.columns()[0], 3), (Shape{integer, {"1", "-", "-"}}));
  EXPECT_EQ(shape_of(batch.columns()[1], 3), (Shape{integer, {"-", "2", "-"}}));
}

TEST(BatchBuilder, the_same_name_is_the_same_column_in_any_order) {
  BatchBuilder builder;
  const std::size_t a = builder.column("a");
  const std::size_t b = builder.column("b");
  EXPECT_NE(a, b);
  EXPECT_EQ(builder.column("b"), b);
  EXPECT_EQ(builder.column("a"), a);
  EXPECT_EQ(builder.column("A"), std::size_t{2});
}

TEST(BatchBuilder, appending_again_replaces_within_the_row) {
  BatchBuilder builder;
  const std::size_t a = builder.column("a");
  append(builder, a, sent_bytes(text, "first"));
  append(builder, a, sent_integer(1));
  builder.end_row();
  append(builder, a, sent_integer(2));
  append(builder, a, sent_null());
  builder.end_row();
  append(builder, a, sent_null());
  append(builder, a, sent_integer(3));
  builder.end_row();
  const Batch batch = builder.finish();
  EXPECT_EQ(shape_of(batch.columns().at(0), 3), (Shape{integer, {"1", "-", "3"}}));
}

TEST(BatchBuilder, an_abandoned_row_leaves_nothing) {
  BatchBuilder builder;
  const std::size_t a = builder.column("a");
  append(builder, a, sent_integer(1));
  builder.end_row();
  append(builder, a, sent_bytes(text, "poison"));
  append(builder, builder.column("b"), sent_integer(1));
  builder.abandon_row();
  append(builder, a, sent_integer(2));
  builder.end_row();
  const Batch batch = builder.finish();
  ASSERT_EQ(batch.schema(), (Schema{{"a", integer}}));
  EXPECT_EQ(shape_of(batch.columns()[0], 2), (Shape{integer, {"1", "2"}}));
}

TEST(BatchBuilder, a_column_without_a_value_is_not_there) {
  BatchBuilder builder;
  const std::size_t a = builder.column("a");
  (void)builder.column("b");
  append(builder, a, sent_null());
  builder.end_row();
  EXPECT_EQ(builder.finish().schema(), (Schema{{"a", null}}));
}

TEST(BatchBuilder, columns_named_before_the_first_row_survive_its_abandonment) {
  BatchBuilder builder;
  const std::size_t a = builder.column("a");
  const std::size_t b = builder.column("b");
  append(builder, a, sent_integer(1));
  builder.abandon_row();
  append(builder, a, sent_integer(2));
  append(builder, b, sent_null());
  builder.end_row();
  EXPECT_EQ(builder.finish().schema(), (Schema{{"a", integer}, {"b", null}}));
}

TEST(BatchBuilder, finish_takes_the_finished_rows_and_forgets_the_columns) {
  BatchBuilder builder;
  append(builder, builder.column("a"), sent_integer(1));
  builder.end_row();
  append(builder, builder.column("b"), sent_integer(1));
  EXPECT_EQ(builder.finish().schema(), (Schema{{"a", integer}}));
  EXPECT_EQ(builder.rows(), std::size_t{0});
  EXPECT_EQ(builder.bytes(), std::size_t{0});
  append(builder, builder.column("c"), sent_bytes(text, "x"));
  builder.end_row();
  EXPECT_EQ(builder.finish().schema(), (Schema{{"c", text}}));
}

TEST(BatchBuilder, a_date_that_no_column_holds_is_the_users_error) {
  BatchBuilder builder;
  const std::size_t column = builder.column("born");
  try {
    builder.append_date(column, std::int64_t{1} << 40);
    FAIL() << "the date was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.resolvable_by(), ResolvableBy::user);
    EXPECT_NE(error.text().what.find("\"born\""), std::string::npos);
  }
}

TEST(BatchBuilder, bytes_are_what_the_batch_will_take) {
  BatchBuilder builder;
  const std::size_t number = builder.column("number");
  const std::size_t word = builder.column("word");
  const std::size_t either = builder.column("either");
  for (int i = 0; i < 100'000; ++i) {
    builder.append_integer(number, i);
    builder.append_text(word, "eight by");
    if (i % 2 == 0) {
      builder.append_integer(either, i);
    } else {
      builder.append_text(either, "eight by");
    }
    builder.end_row();
  }
  const std::size_t before = builder.bytes();
  const std::size_t after = builder.finish().bytes();
  EXPECT_GE(2 * before, after);
  EXPECT_LE(before, 2 * after);  // the mixed column costs more until it is decided
}

TEST(BatchBuilder, ten_thousand_columns_of_one_row_are_counted) {
  BatchBuilder builder;
  for (int i = 0; i < 10'000; ++i)
    builder.append_null(builder.column("column_" + std::to_string(i)));
  builder.end_row();
  const std::size_t before = builder.bytes();
  EXPECT_GE(before, builder.finish().bytes());
}

// What the value is in a type, as that type's cell text; nothing where the type cannot hold it
// exactly. Written from the documentation of the types, not from the builder.
std::optional<std::string> form(const Sent& value, ColumnType type) {
  std::string out;
  const auto is_one_of = [&](std::initializer_list<ColumnType> types) {
    return std::find(types.begin(), types.end(), value.type) != types.end();
  };
  const auto real_text = [](double number) {
    std::string text_of_real;
    append_real_text(text_of_real, number);
    return text_of_real;
  };
  switch (type) {
    case null:
      return std::nullopt;
    case boolean:
      if (value.type != boolean) return std::nullopt;
      return value.number != 0 ? "True" : "False";
    case integer:
      if (!is_one_of({boolean, integer})) return std::nullopt;
      return std::to_string(value.number);
    case real:
      if (value.type == real) return real_text(value.real_number);
      if (!is_one_of({boolean, integer})) return std::nullopt;
      if (static_cast<long double>(static_cast<double>(value.number)) !=
          static_cast<long double>(value.number)) {
        return std::nullopt;
      }
      return real_text(static_cast<double>(value.number));
    case decimal:
      if (value.type == decimal) return value.bytes;
      if (value.type == real && std::isnan(value.real_number)) return "NaN";
      if (value.type == real && std::isinf(value.real_number))
        return value.real_number < 0 ? "-Infinity" : "Infinity";
      if (value.type == real) return real_text(value.real_number);
      if (!is_one_of({boolean, integer})) return std::nullopt;
      return std::to_string(value.number);
    case date:
      if (value.type != date) return std::nullopt;
      append_date_text(out, value.number);
      return out;
    case timestamp:
      if (value.type == date && std::abs(value.number) > 106'751'991) return std::nullopt;
      if (!is_one_of({date, timestamp})) return std::nullopt;
      append_timestamp_text(out, value.type == date ? value.number * 86'400'000'000 : value.number);
      return out;
    case timestamp_tz:
      if (value.type != timestamp_tz) return std::nullopt;
      append_timestamp_utc_text(out, value.number);
      return out;
    case binary:
      if (value.type != binary) return std::nullopt;
      append_bytes_text(out, value.bytes);
      return out;
    case json:
      if (value.type == json) return value.bytes;
      if (value.type == decimal && value.bytes == "NaN") return std::nullopt;
      if (value.type == real && !std::isfinite(value.real_number)) return std::nullopt;
      if (value.type == boolean) return value.number != 0 ? "true" : "false";
      return form(value, decimal);
    case text:
      if (is_one_of({text, decimal, json})) return value.bytes;
      if (value.type == real) return real_text(value.real_number);
      if (value.type == date) append_date_text(out, value.number);
      if (value.type == timestamp) append_timestamp_text(out, value.number);
      if (value.type == timestamp_tz) append_timestamp_utc_text(out, value.number);
      if (value.type == binary) append_bytes_text(out, value.bytes);
      if (value.type == boolean) return form(value, boolean);
      if (value.type == integer) return form(value, integer);
      return out;
  }
  return std::nullopt;
}

Shape expected_shape(const std::vector<Sent>& values) {
  constexpr std::array kNarrowToWide = {boolean,   integer,      real,   decimal, date,
                                        timestamp, timestamp_tz, binary, json,    text};
  const auto all_null =
      std::all_of(values.begin(), values.end(), [](const Sent& v) { return v.type == null; });
  if (all_null) return {null, std::vector<std::string>(values.size(), "-")};
  for (const ColumnType type : kNarrowToWide) {
    Shape shape{type, {}};
    for (const Sent& value : values) {
      const auto cell = value.type == null ? std::optional<std::string>("-") : form(value, type);
      if (!cell) break;
      shape.cells.push_back(*cell);
    }
    if (shape.cells.size() == values.size()) return shape;
  }
  return {text, {}};
}

class Chance {
 public:
  explicit Chance(std::uint32_t seed) : engine_(seed) {}
  std::int64_t below(std::int64_t limit) {
    return std::uniform_int_distribution<std::int64_t>(0, limit - 1)(engine_);
  }

  Sent value(const std::vector<ColumnType>& types) {
    const ColumnType type =
        types[static_cast<std::size_t>(below(static_cast<std::int64_t>(types.size())))];
    constexpr std::array<std::int64_t, 6> kIntegers = {0,
                                                       -7,
                                                       (std::int64_t{1} << 53),
                                                       (std::int64_t{1} << 53) + 1,
                                                       std::numeric_limits<std::int64_t>::max(),
                                                       std::numeric_limits<std::int64_t>::min()};
    constexpr std::array<double, 5> kReals = {0.5, -1e300, 3.0,
                                              std::numeric_limits<double>::quiet_NaN(), HUGE_VAL};
    constexpr std::array<std::int64_t, 4> kDays = {0, -1, 20'000, 200'000'000};
    const std::array<std::string, 4> words = {"", "a", "Grüße", std::string("\0z", 2)};
    const std::array<std::string, 3> decimals = {"1.10", "-2E+3", "NaN"};
    const std::array<std::string, 3> documents = {"{\"a\": [1]}", "18446744073709551616", "\"x\""};
    const auto pick = [this](const auto& from) {
      return from[static_cast<std::size_t>(below(static_cast<std::int64_t>(from.size())))];
    };
    switch (type) {
      case null:
        return sent_null();
      case boolean:
        return sent_boolean(below(2) == 1);
      case integer:
        return sent_integer(below(8) == 0 ? pick(kIntegers) : below(100) - 50);
      case real:
        return sent_real(below(8) == 0 ? pick(kReals) : static_cast<double>(below(100)) / 4);
      case text:
      case binary:
        return sent_bytes(type, pick(words));
      case decimal:
        return sent_bytes(type, below(4) == 0 ? pick(decimals) : "3.25");
      case json:
        return sent_bytes(type, pick(documents));
      case date:
        return sent_time(type, below(16) == 0 ? pick(kDays) : below(40'000) - 20'000);
      case timestamp:
      case timestamp_tz:
        return sent_time(type, below(2'000'000'000'000'000) - 1'000'000'000'000'000);
    }
    return {};
  }

  std::vector<ColumnType> types() {
    std::vector<ColumnType> chosen{null};
    for (std::int64_t count = below(4); count >= 0; --count) {
      chosen.push_back(static_cast<ColumnType>(below(static_cast<int>(json) + 1)));
    }
    return chosen;
  }

 private:
  std::mt19937 engine_;
};

// Rows with absent keys, replaced values and abandoned rows, column by column against the
// documentation.
TEST(BatchBuilder, agrees_with_the_documentation_on_random_rows) {
  constexpr std::size_t kColumns = 4;
  for (std::uint32_t seed = 0; seed < 2'000; ++seed) {
    Chance chance(seed);
    std::array<std::vector<ColumnType>, kColumns> types;
    for (auto& each : types) each = chance.types();
    BatchBuilder builder;
    std::array<std::vector<Sent>, kColumns> kept;
    std::array<bool, kColumns> named{};
    const std::int64_t rows = chance.below(40);
    for (std::int64_t row = 0; row < rows; ++row) {
      std::array<Sent, kColumns> values;
      std::array<bool, kColumns> present{};
      for (std::int64_t writes = chance.below(6); writes > 0; --writes) {
        const auto i = static_cast<std::size_t>(chance.below(kColumns));
        values[i] = chance.value(types[i]);
        present[i] = true;
        append(builder, builder.column(std::string(1, static_cast<char>('a' + i))), values[i]);
      }
      if (chance.below(5) == 0) {
        builder.abandon_row();
        continue;
      }
      builder.end_row();
      for (std::size_t i = 0; i < kColumns; ++i) {
        kept[i].push_back(values[i]);
        named[i] = named[i] || present[i];
      }
    }
    const Batch batch = builder.finish();
    ASSERT_EQ(batch.rows(), kept[0].size());
    std::map<std::string, Shape> actual;
    std::map<std::string, Shape> expected;
    for (const Column& column : batch.columns())
      actual.emplace(column.field.name, shape_of(column, batch.rows()));
    for (std::size_t i = 0; i < kColumns; ++i) {
      if (named[i])
        expected.emplace(std::string(1, static_cast<char>('a' + i)), expected_shape(kept[i]));
    }
    ASSERT_EQ(actual, expected) << "seed " << seed;
  }
}

}  // namespace
}  // namespace vdk
