#include "data/arrow_type.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>
#include <utility>

#include "data/arrow_format.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/value.hpp"
#include "vdk/data/text_form.hpp"

namespace vdk {
namespace {

constexpr int kDeepestNesting = 256;

Error unsupported(const ArrowSchema& schema, std::string_view what) {
  const std::string name = schema.name == nullptr ? "" : schema.name;
  return user_error(
      {.what = "Column \"" + name + "\" cannot be ingested: " + std::string(what) + ".",
       .why = "Its Arrow format is \"" + std::string(schema.format) + "\".",
       .consequence = "Nothing of this data was sent.",
       .countermeasure = "Convert the column before sending it, for example to text."});
}

std::optional<std::int64_t> per_second_of(char unit) {
  switch (unit) {
    case 's':
      return 1;
    case 'm':
      return 1'000;
    case 'u':
      return 1'000'000;
    case 'n':
      return 1'000'000'000;
    default:
      return std::nullopt;
  }
}

std::optional<int> parse_number(std::string_view& text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.starts_with(',')) text.remove_prefix(1);
  return number;
}

ArrowType simple(ArrowKind kind, ColumnType stored, int width = 0, bool is_signed = true) {
  ArrowType type;
  type.kind = kind;
  type.stored = stored;
  type.width = width;
  type.is_signed = is_signed;
  return type;
}

std::optional<ArrowType> parse_letter(char letter) {
  switch (letter) {
    case 'n':
      return simple(ArrowKind::null, ColumnType::null);
    case 'b':
      return simple(ArrowKind::boolean, ColumnType::boolean);
    case 'c':
      return simple(ArrowKind::integer, ColumnType::integer, 1);
    case 'C':
      return simple(ArrowKind::integer, ColumnType::integer, 1, false);
    case 's':
      return simple(ArrowKind::integer, ColumnType::integer, 2);
    case 'S':
      return simple(ArrowKind::integer, ColumnType::integer, 2, false);
    case 'i':
      return simple(ArrowKind::integer, ColumnType::integer, 4);
    case 'I':
      return simple(ArrowKind::integer, ColumnType::integer, 4, false);
    case 'l':
      return simple(ArrowKind::integer, ColumnType::integer, 8);
    case 'L':
      return simple(ArrowKind::integer, ColumnType::integer, 8, false);
    case 'e':
      return simple(ArrowKind::half, ColumnType::real, 2);
    case 'f':
      return simple(ArrowKind::single, ColumnType::real, 4);
    case 'g':
      return simple(ArrowKind::real, ColumnType::real, 8);
    case 'u':
      return simple(ArrowKind::bytes, ColumnType::text);
    case 'U':
      return simple(ArrowKind::large_bytes, ColumnType::text);
    case 'z':
      return simple(ArrowKind::bytes, ColumnType::binary);
    case 'Z':
      return simple(ArrowKind::large_bytes, ColumnType::binary);
    default:
      return std::nullopt;
  }
}

std::optional<ArrowType> parse_time(std::string_view format) {
  if (format == "tdD") return simple(ArrowKind::date_days, ColumnType::date, 4);
  if (format == "tdm") return simple(ArrowKind::date_milliseconds, ColumnType::date, 8);
  if (format.size() < 3) return std::nullopt;
  const auto per_second = per_second_of(format[2]);
  if (!per_second) return std::nullopt;
  ArrowType type;
  type.per_second = *per_second;
  if (format[1] == 't' && format.size() == 3) {
    type.kind = ArrowKind::time;
    type.stored = ColumnType::text;
    type.width = *per_second > 1'000 ? 8 : 4;
    return type;
  }
  if (format[1] == 's' && format.size() > 3 && format[3] == ':') {
    type.kind = ArrowKind::timestamp;
    type.width = 8;
    type.has_zone = format.size() > 4;
    type.stored = type.has_zone ? ColumnType::timestamp_tz : ColumnType::timestamp;
    return type;
  }
  return std::nullopt;
}

// d:precision,scale[,bits]
std::optional<ArrowType> parse_decimal(std::string_view format) {
  format.remove_prefix(2);
  ArrowType type = simple(ArrowKind::decimal, ColumnType::decimal, 16);
  const auto precision = parse_number(format);
  const auto scale = parse_number(format);
  if (!precision || !scale) return std::nullopt;
  type.scale = *scale;
  if (!format.empty()) {
    const auto bits = parse_number(format);
    if (!bits || (*bits != 32 && *bits != 64 && *bits != 128 && *bits != 256)) return std::nullopt;
    type.width = *bits / 8;
  }
  return type;
}

std::optional<ArrowType> parse_nested(std::string_view format) {
  const auto nested = [](ArrowKind kind) { return simple(kind, ColumnType::json); };
  if (format == "+l") return nested(ArrowKind::list);
  if (format == "+L") return nested(ArrowKind::large_list);
  if (format == "+vl") return nested(ArrowKind::list_view);
  if (format == "+vL") return nested(ArrowKind::large_list_view);
  if (format == "+s") return nested(ArrowKind::structure);
  if (format == "+m") return nested(ArrowKind::map);
  if (format.starts_with("+w:")) {
    format.remove_prefix(3);
    ArrowType type = nested(ArrowKind::fixed_list);
    const auto length = parse_number(format);
    if (!length) return std::nullopt;
    type.width = *length;
    return type;
  }
  return std::nullopt;
}

std::optional<ArrowType> parse_format(std::string_view format) {
  if (format.size() == 1) return parse_letter(format.front());
  if (format == "vu") return simple(ArrowKind::bytes_view, ColumnType::text);
  if (format == "vz") return simple(ArrowKind::bytes_view, ColumnType::binary);
  if (format.starts_with('t')) return parse_time(format);
  if (format.starts_with("d:")) return parse_decimal(format);
  if (format.starts_with('+')) return parse_nested(format);
  if (format.starts_with("w:")) {
    format.remove_prefix(2);
    const auto width = parse_number(format);
    if (!width) return std::nullopt;
    return simple(ArrowKind::fixed_bytes, ColumnType::binary, *width);
  }
  return std::nullopt;
}

std::string_view kind_in_words(std::string_view format) {
  if (format.starts_with("tD")) return "it holds durations";
  if (format.starts_with("ti")) return "it holds intervals";
  if (format.starts_with("+u")) return "it holds unions";
  if (format.starts_with("+r")) return "it is run-end encoded";
  return "its Arrow type is unknown";
}

void apply_metadata(ArrowType& type, const ArrowSchema& schema) {
  for (const auto& [key, value] : decode_metadata(schema.metadata)) {
    if (key == kTypeKey && type.stored == ColumnType::text) {
      if (value == to_string(ColumnType::decimal)) type.stored = ColumnType::decimal;
      if (value == to_string(ColumnType::json)) type.stored = ColumnType::json;
    } else if (key == "ARROW:extension:name") {
      if (value == "arrow.json" && type.stored == ColumnType::text) type.stored = ColumnType::json;
      if (value == "arrow.uuid" && type.kind == ArrowKind::fixed_bytes && type.width == 16) {
        type.is_uuid = true;
        type.stored = ColumnType::text;
      }
    }
  }
}

ArrowType parse_at_depth(const ArrowSchema& schema, int depth) {
  if (depth > kDeepestNesting) throw unsupported(schema, "it is nested deeper than 256 levels");
  auto parsed = parse_format(schema.format);
  if (!parsed) throw unsupported(schema, kind_in_words(schema.format));
  ArrowType type = std::move(*parsed);
  type.name = schema.name == nullptr ? "" : schema.name;
  if (schema.dictionary != nullptr) {
    if (type.kind != ArrowKind::integer)
      throw unsupported(schema, "its dictionary has no integer indexes");
    type.dictionary = std::make_unique<ArrowType>(parse_at_depth(*schema.dictionary, depth + 1));
    if (type.dictionary->dictionary) throw unsupported(schema, "its dictionary has a dictionary");
    type.stored = type.dictionary->stored;
    return type;
  }
  apply_metadata(type, schema);
  for (std::int64_t i = 0; i < schema.n_children; ++i) {
    type.children.push_back(parse_at_depth(*schema.children[i], depth + 1));
  }
  const bool is_list = type.kind >= ArrowKind::list && type.kind <= ArrowKind::large_list_view;
  const bool is_entries = type.kind == ArrowKind::map && type.children.size() == 1 &&
                          type.children.front().children.size() == 2;
  if ((is_list && type.children.size() != 1) || (type.kind == ArrowKind::map && !is_entries)) {
    throw unsupported(schema, "its Arrow type lacks what it is made of");
  }
  return type;
}

template <class T>
T value_at(const ArrowArray& array, int buffer, std::int64_t row) {
  T value;
  std::memcpy(&value,
              static_cast<const char*>(array.buffers[buffer]) +
                  (array.offset + row) * std::int64_t{sizeof(T)},
              sizeof value);
  return value;
}

bool bit_at(const void* bits, std::int64_t index) {
  return (static_cast<const std::uint8_t*>(bits)[index / 8] >> (index % 8) & 1) != 0;
}

double half_to_real(std::uint16_t bits) {
  const int exponent = bits >> 10U & 0x1f;
  const int fraction = bits & 0x3ff;
  const double sign = (bits & 0x8000U) != 0 ? -1.0 : 1.0;
  if (exponent == 0x1f) return fraction == 0 ? sign * HUGE_VAL : std::nan("");
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(fraction + 0x400, exponent - 25);
}

std::string_view view_at(const ArrowArray& array, std::int64_t row) {
  constexpr std::int32_t kLongestInline = 12;
  const char* view = static_cast<const char*>(array.buffers[1]) + (array.offset + row) * 16;
  std::array<std::int32_t, 4> words{};  // length, prefix, buffer, offset
  std::memcpy(words.data(), view, sizeof words);
  const auto length = static_cast<std::size_t>(words[0]);
  if (words[0] <= kLongestInline) return {view + 4, length};
  return {static_cast<const char*>(array.buffers[2 + words[2]]) + words[3], length};
}

template <class Offset>
std::string_view slice_at(const ArrowArray& array, std::int64_t row) {
  const auto begin = value_at<Offset>(array, 1, row);
  const auto end = value_at<Offset>(array, 1, row + 1);
  if (begin == end) return {};
  return {static_cast<const char*>(array.buffers[2]) + begin,
          static_cast<std::size_t>(end - begin)};
}

void append_digits(std::string& out, std::int64_t value, int width) {
  const std::string digits = std::to_string(value);
  for (auto size = static_cast<int>(digits.size()); size < width; ++size) out += '0';
  out += digits;
}

struct Split {
  std::int64_t whole;
  std::int64_t rest;
};

Split floor_divide(std::int64_t value, std::int64_t divisor) {
  Split result{value / divisor, value % divisor};
  if (result.rest < 0) {
    result.rest += divisor;
    --result.whole;
  }
  return result;
}

// A fraction of a second with six digits where they are enough, else nine.
struct Fraction {
  std::int64_t value;
  int digits;
};

Fraction to_fraction(std::int64_t rest, std::int64_t per_second) {
  const std::int64_t nanoseconds = rest * (1'000'000'000 / per_second);
  if (nanoseconds % 1'000 == 0) return {nanoseconds / 1'000, 6};
  return {nanoseconds, 9};
}

void append_list_json(std::string& out, const ArrowType& type, const ArrowArray& array,
                      std::int64_t row) {
  const auto [begin, end] = read_list(type, array, row);
  out += '[';
  for (std::int64_t i = begin; i < end; ++i) {
    if (i > begin) out += ", ";
    append_json(out, type.children.front(), *array.children[0], i);
  }
  out += ']';
}

void append_struct_json(std::string& out, const ArrowType& type, const ArrowArray& array,
                        std::int64_t row) {
  out += '{';
  for (std::size_t i = 0; i < type.children.size(); ++i) {
    if (i > 0) out += ", ";
    out += to_json(Value(type.children[i].name));
    out += ": ";
    append_json(out, type.children[i], *array.children[i], array.offset + row);
  }
  out += '}';
}

void append_map_json(std::string& out, const ArrowType& type, const ArrowArray& array,
                     std::int64_t row) {
  const ArrowType& entries = type.children.front();
  const ArrowType& key = entries.children[0];
  const ArrowArray& entry_array = *array.children[0];
  const bool as_object = key.stored == ColumnType::text;
  const auto [begin, end] = read_list(type, array, row);
  out += as_object ? '{' : '[';
  for (std::int64_t i = begin; i < end; ++i) {
    const std::int64_t at = entry_array.offset + i;
    if (i > begin) out += ", ";
    if (!as_object) out += '[';
    append_json(out, key, *entry_array.children[0], at);
    out += as_object ? ": " : ", ";
    append_json(out, entries.children[1], *entry_array.children[1], at);
    if (!as_object) out += ']';
  }
  out += as_object ? '}' : ']';
}

void append_quoted(std::string& out, std::string_view plain) {
  out += '"';
  out += plain;
  out += '"';
}

}  // namespace

ArrowType parse_arrow_type(const ArrowSchema& schema) { return parse_at_depth(schema, 0); }

bool is_valid(const ArrowType& type, const ArrowArray& array, std::int64_t row) {
  if (type.kind == ArrowKind::null) return false;
  const void* bits = array.buffers[0];
  return bits == nullptr || array.null_count == 0 || bit_at(bits, array.offset + row);
}

bool read_boolean(const ArrowArray& array, std::int64_t row) {
  return bit_at(array.buffers[1], array.offset + row);
}

std::int64_t read_integer(const ArrowType& type, const ArrowArray& array, std::int64_t row) {
  switch (type.width) {
    case 1:
      return type.is_signed ? std::int64_t{value_at<std::int8_t>(array, 1, row)}
                            : std::int64_t{value_at<std::uint8_t>(array, 1, row)};
    case 2:
      return type.is_signed ? std::int64_t{value_at<std::int16_t>(array, 1, row)}
                            : std::int64_t{value_at<std::uint16_t>(array, 1, row)};
    case 4:
      return type.is_signed ? std::int64_t{value_at<std::int32_t>(array, 1, row)}
                            : std::int64_t{value_at<std::uint32_t>(array, 1, row)};
    default:
      return value_at<std::int64_t>(array, 1, row);
  }
}

double read_real(const ArrowType& type, const ArrowArray& array, std::int64_t row) {
  if (type.kind == ArrowKind::half) return half_to_real(value_at<std::uint16_t>(array, 1, row));
  if (type.kind == ArrowKind::single) return double{value_at<float>(array, 1, row)};
  return value_at<double>(array, 1, row);
}

std::string_view read_bytes(const ArrowType& type, const ArrowArray& array, std::int64_t row) {
  switch (type.kind) {
    case ArrowKind::bytes_view:
      return view_at(array, row);
    case ArrowKind::large_bytes:
      return slice_at<std::int64_t>(array, row);
    case ArrowKind::fixed_bytes:
      return {static_cast<const char*>(array.buffers[1]) + (array.offset + row) * type.width,
              static_cast<std::size_t>(type.width)};
    default:
      return slice_at<std::int32_t>(array, row);
  }
}

void append_decimal(std::string& out, const ArrowType& type, const ArrowArray& array,
                    std::int64_t row) {
  constexpr std::uint64_t kBase = 1'000'000'000;
  std::array<std::uint32_t, 8> words{};  // least significant first
  const auto count = static_cast<std::size_t>(type.width) / 4;
  std::memcpy(words.data(),
              static_cast<const char*>(array.buffers[1]) + (array.offset + row) * type.width,
              static_cast<std::size_t>(type.width));
  const bool negative = (words[count - 1] >> 31U) != 0;
  if (negative) {
    std::uint64_t carry = 1;
    for (std::size_t i = 0; i < count; ++i) {
      carry += static_cast<std::uint32_t>(~words[i]);
      words[i] = static_cast<std::uint32_t>(carry);
      carry >>= 32U;
    }
  }
  std::string digits;  // least significant first
  for (std::size_t used = count; used > 0;) {
    std::uint64_t rest = 0;
    for (std::size_t i = used; i-- > 0;) {
      rest = rest << 32U | words[i];
      words[i] = static_cast<std::uint32_t>(rest / kBase);
      rest %= kBase;
    }
    while (used > 0 && words[used - 1] == 0) --used;
    for (int i = 0; i < 9; ++i, rest /= 10) digits += static_cast<char>('0' + rest % 10);
  }
  while (digits.size() > 1 && digits.back() == '0') digits.pop_back();
  const bool is_zero = digits == "0";
  if (type.scale < 0 && !is_zero) digits.insert(0, static_cast<std::size_t>(-type.scale), '0');
  if (type.scale > 0) {
    const auto scale = static_cast<std::size_t>(type.scale);
    if (digits.size() <= scale) digits.append(scale + 1 - digits.size(), '0');
    digits.insert(scale, 1, '.');
  }
  if (negative) out += '-';
  out.append(digits.rbegin(), digits.rend());
}

ListRange read_list(const ArrowType& type, const ArrowArray& array, std::int64_t row) {
  switch (type.kind) {
    case ArrowKind::large_list:
      return {value_at<std::int64_t>(array, 1, row), value_at<std::int64_t>(array, 1, row + 1)};
    case ArrowKind::fixed_list:
      return {(array.offset + row) * type.width, (array.offset + row + 1) * type.width};
    case ArrowKind::list_view: {
      const std::int64_t begin = value_at<std::int32_t>(array, 1, row);
      return {begin, begin + value_at<std::int32_t>(array, 2, row)};
    }
    case ArrowKind::large_list_view: {
      const auto begin = value_at<std::int64_t>(array, 1, row);
      return {begin, begin + value_at<std::int64_t>(array, 2, row)};
    }
    default:
      return {value_at<std::int32_t>(array, 1, row), value_at<std::int32_t>(array, 1, row + 1)};
  }
}

void append_time_text(std::string& out, const ArrowType& type, std::int64_t value) {
  const auto [seconds, rest] = floor_divide(value, type.per_second);
  append_digits(out, seconds / 3600, 2);
  out += ':';
  append_digits(out, seconds / 60 % 60, 2);
  out += ':';
  append_digits(out, seconds % 60, 2);
  const auto [fraction, digits] = to_fraction(rest, type.per_second);
  if (fraction == 0) return;
  out += '.';
  append_digits(out, fraction, digits);
}

void append_timestamp_text(std::string& out, const ArrowType& type, std::int64_t value) {
  const auto [seconds, rest] = floor_divide(value, type.per_second);
  const auto [fraction, digits] = to_fraction(rest, type.per_second);
  append_time_point_text(out, seconds, fraction, digits);
  if (type.has_zone) out += "+00:00";
}

void append_uuid_text(std::string& out, std::string_view bytes) {
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    const auto byte = static_cast<unsigned char>(bytes[i]);
    out += kHexDigits[byte >> 4U];
    out += kHexDigits[byte & 15U];
  }
}

void append_json(std::string& out, const ArrowType& type, const ArrowArray& array,
                 std::int64_t row) {
  if (!is_valid(type, array, row)) {
    out += "null";
    return;
  }
  if (type.dictionary) {
    return append_json(out, *type.dictionary, *array.dictionary, read_integer(type, array, row));
  }
  std::string text;
  switch (type.kind) {
    case ArrowKind::null:
      return;
    case ArrowKind::boolean:
      out += read_boolean(array, row) ? "true" : "false";
      return;
    case ArrowKind::integer: {
      const std::int64_t value = read_integer(type, array, row);
      out += type.is_signed ? std::to_string(value)
                            : std::to_string(static_cast<std::uint64_t>(value));
      return;
    }
    case ArrowKind::half:
    case ArrowKind::single:
    case ArrowKind::real:
      out += to_json(Value(read_real(type, array, row)));
      return;
    case ArrowKind::bytes:
    case ArrowKind::large_bytes:
    case ArrowKind::bytes_view:
    case ArrowKind::fixed_bytes: {
      const std::string_view bytes = read_bytes(type, array, row);
      if (type.is_uuid) {
        append_uuid_text(text, bytes);
        return append_quoted(out, text);
      }
      if (type.stored == ColumnType::text) {
        out += to_json(Value(bytes));
      } else if (type.stored == ColumnType::binary) {
        out += '[';
        for (std::size_t i = 0; i < bytes.size(); ++i) {
          if (i > 0) out += ", ";
          out += std::to_string(static_cast<unsigned char>(bytes[i]));
        }
        out += ']';
      } else {
        out += bytes;
      }
      return;
    }
    case ArrowKind::decimal:
      return append_decimal(out, type, array, row);
    case ArrowKind::date_days:
      append_date_text(text, read_integer(type, array, row));
      return append_quoted(out, text);
    case ArrowKind::date_milliseconds:
      append_date_text(text, floor_divide(read_integer(type, array, row), 86'400'000).whole);
      return append_quoted(out, text);
    case ArrowKind::time:
      append_time_text(text, type, read_integer(type, array, row));
      return append_quoted(out, text);
    case ArrowKind::timestamp:
      append_timestamp_text(text, type, read_integer(type, array, row));
      return append_quoted(out, text);
    case ArrowKind::list:
    case ArrowKind::large_list:
    case ArrowKind::fixed_list:
    case ArrowKind::list_view:
    case ArrowKind::large_list_view:
      return append_list_json(out, type, array, row);
    case ArrowKind::structure:
      return append_struct_json(out, type, array, row);
    case ArrowKind::map:
      return append_map_json(out, type, array, row);
  }
}

}  // namespace vdk
