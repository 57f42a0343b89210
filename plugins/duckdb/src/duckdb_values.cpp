#include "duckdb_values.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <limits>

#include "vdk/connection/result_batch.hpp"

namespace vdk::duckdb {
namespace {

__extension__ using Wide = __int128;
__extension__ using UnsignedWide = unsigned __int128;

constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;

struct TypeName {
  TypeId id;
  std::string_view name;
};

constexpr TypeName kNames[] = {
    {TypeId::boolean, "BOOLEAN"},
    {TypeId::tinyint, "TINYINT"},
    {TypeId::smallint, "SMALLINT"},
    {TypeId::integer, "INTEGER"},
    {TypeId::bigint, "BIGINT"},
    {TypeId::utinyint, "UTINYINT"},
    {TypeId::usmallint, "USMALLINT"},
    {TypeId::uinteger, "UINTEGER"},
    {TypeId::ubigint, "UBIGINT"},
    {TypeId::float32, "FLOAT"},
    {TypeId::float64, "DOUBLE"},
    {TypeId::timestamp, "TIMESTAMP"},
    {TypeId::date, "DATE"},
    {TypeId::time, "TIME"},
    {TypeId::interval, "INTERVAL"},
    {TypeId::hugeint, "HUGEINT"},
    {TypeId::varchar, "VARCHAR"},
    {TypeId::blob, "BLOB"},
    {TypeId::decimal, "DECIMAL"},
    {TypeId::timestamp_s, "TIMESTAMP_S"},
    {TypeId::timestamp_ms, "TIMESTAMP_MS"},
    {TypeId::timestamp_ns, "TIMESTAMP_NS"},
    {TypeId::enumeration, "ENUM"},
    {TypeId::list, "LIST"},
    {TypeId::structure, "STRUCT"},
    {TypeId::map, "MAP"},
    {TypeId::uuid, "UUID"},
    {TypeId::tagged_union, "UNION"},
    {TypeId::bit, "BIT"},
    {TypeId::time_tz, "TIME WITH TIME ZONE"},
    {TypeId::timestamp_tz, "TIMESTAMP WITH TIME ZONE"},
    {TypeId::uhugeint, "UHUGEINT"},
    {TypeId::array, "ARRAY"},
    {TypeId::sql_null, "NULL"},
};

std::string take_text(const Api& api, char* text) {
  std::string result = text ? text : "";
  api.free(text);
  return result;
}

std::string digits_of(UnsignedWide value) {
  std::string digits;
  do {
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(value % 10)));
    value /= 10;
  } while (value != 0);
  return digits;
}

Value integer_of(Wide value) {
  if (value >= std::numeric_limits<std::int64_t>::min() &&
      value <= std::numeric_limits<std::int64_t>::max()) {
    return static_cast<std::int64_t>(value);
  }
  const auto magnitude =
      value < 0 ? -static_cast<UnsignedWide>(value) : static_cast<UnsignedWide>(value);
  return Value::BigInteger{(value < 0 ? "-" : "") + digits_of(magnitude)};
}

// ".5", ".000001", or nothing.
std::string fraction_text(std::int64_t fraction, int digits) {
  if (fraction == 0) {
    return {};
  }
  std::string text = std::to_string(fraction);
  text.insert(0, static_cast<std::size_t>(digits) - text.size(), '0');
  text.erase(text.find_last_not_of('0') + 1);
  return "." + text;
}

// Splits towards the past, as calendars do.
std::pair<std::int64_t, std::int64_t> split_days(std::int64_t value, std::int64_t per_day) {
  std::int64_t days = value / per_day;
  std::int64_t of_day = value % per_day;
  if (of_day < 0) {
    --days;
    of_day += per_day;
  }
  return {days, of_day};
}

std::string offset_text(std::int64_t seconds) {
  const std::int64_t magnitude = seconds < 0 ? -seconds : seconds;
  char text[32];
  std::snprintf(text, sizeof text, "%c%02d", seconds < 0 ? '-' : '+',
                static_cast<int>(magnitude / 3600));
  std::string result = text;
  if (magnitude % 3600 != 0) {
    std::snprintf(text, sizeof text, ":%02d", static_cast<int>(magnitude / 60 % 60));
    result += text;
  }
  if (magnitude % 60 != 0) {
    std::snprintf(text, sizeof text, ":%02d", static_cast<int>(magnitude % 60));
    result += text;
  }
  return result;
}

std::string time_tz_text(std::uint64_t bits) {
  constexpr int kOffsetBits = 24;
  constexpr std::int64_t kMaximumOffset = 16 * 3600 - 1;
  const auto offset = kMaximumOffset - static_cast<std::int64_t>(bits & ((1U << kOffsetBits) - 1));
  return time_text(static_cast<std::int64_t>(bits >> kOffsetBits)) + offset_text(offset);
}

// Stored with its upper bit flipped, so that it sorts.
std::string uuid_text(HugeInteger value) {
  const std::uint64_t upper = static_cast<std::uint64_t>(value.upper) ^ (std::uint64_t{1} << 63);
  char text[40];
  std::snprintf(text, sizeof text, "%08x-%04x-%04x-%04x-%012llx",
                static_cast<unsigned>(upper >> 32), static_cast<unsigned>(upper >> 16 & 0xffff),
                static_cast<unsigned>(upper & 0xffff), static_cast<unsigned>(value.lower >> 48),
                static_cast<unsigned long long>(value.lower & 0xffffffffffffULL));
  return text;
}

// The first byte says how many bits of the second are padding.
std::string bit_text(std::string_view bytes) {
  std::string text;
  const std::size_t padding = bytes.empty() ? 0 : static_cast<unsigned char>(bytes.front());
  for (std::size_t i = 8 + padding; i < bytes.size() * 8; ++i) {
    text += (static_cast<unsigned char>(bytes[i / 8]) >> (7 - i % 8) & 1) != 0 ? '1' : '0';
  }
  return text;
}

std::string hexadecimal(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

// Infinities are the ends of the range.
template <class T, class Finite>
std::string or_infinity(T value, Finite finite) {
  if (value == std::numeric_limits<T>::max()) {
    return "infinity";
  }
  if (value == -std::numeric_limits<T>::max()) {
    return "-infinity";
  }
  return finite(value);
}

}  // namespace

std::string date_text(std::int64_t days) {
  // Years beyond those of std::chrono: shift by whole cycles of 400 years, which have 146,097 days.
  constexpr std::int64_t kCycleDays = 146'097;
  const auto [cycles, of_cycle] = split_days(days, kCycleDays);
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(of_cycle))};
  std::int64_t year = static_cast<int>(date.year()) + cycles * 400;
  const bool before_christ = year <= 0;
  if (before_christ) {
    year = 1 - year;
  }
  char text[48];
  std::snprintf(text, sizeof text, "%04lld-%02u-%02u%s", static_cast<long long>(year),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                before_christ ? " (BC)" : "");
  return text;
}

std::string time_text(std::int64_t microseconds) {
  const std::int64_t seconds = microseconds / kMicrosPerSecond;
  char text[32];
  std::snprintf(text, sizeof text, "%02d:%02d:%02d", static_cast<int>(seconds / 3600),
                static_cast<int>(seconds / 60 % 60), static_cast<int>(seconds % 60));
  return text + fraction_text(microseconds % kMicrosPerSecond, 6);
}

std::string timestamp_text(std::int64_t microseconds) {
  const auto [days, of_day] = split_days(microseconds, kMicrosPerDay);
  std::string date = date_text(days);
  const std::string era = date.ends_with(" (BC)") ? " (BC)" : "";
  date.resize(date.size() - era.size());
  return date + era + ' ' + time_text(of_day);
}

std::string interval_text(const Interval& interval) {
  std::string text;
  const auto add = [&text](std::int64_t count, std::string_view unit) {
    if (count == 0) {
      return;
    }
    text += (text.empty() ? "" : " ") + std::to_string(count) + ' ' + std::string(unit) +
            (count == 1 || count == -1 ? "" : "s");
  };
  add(interval.months / 12, "year");
  add(interval.months % 12, "month");
  add(interval.days, "day");
  if (interval.microseconds != 0 || text.empty()) {
    const std::int64_t seconds = interval.microseconds / kMicrosPerSecond;
    const bool negative = interval.microseconds < 0;
    char clock[48];
    std::snprintf(clock, sizeof clock, "%s%02lld:%02lld:%02lld", negative ? "-" : "",
                  static_cast<long long>(negative ? -(seconds / 3600) : seconds / 3600),
                  static_cast<long long>(negative ? -(seconds / 60 % 60) : seconds / 60 % 60),
                  static_cast<long long>(negative ? -(seconds % 60) : seconds % 60));
    const std::int64_t fraction = interval.microseconds % kMicrosPerSecond;
    text += (text.empty() ? "" : " ") + std::string(clock) +
            fraction_text(negative ? -fraction : fraction, 6);
  }
  return text;
}

std::string hugeint_text(HugeInteger value, bool is_signed) {
  const auto bits =
      static_cast<UnsignedWide>(static_cast<std::uint64_t>(value.upper)) << 64 | value.lower;
  const bool negative = is_signed && value.upper < 0;
  return (negative ? "-" : "") + digits_of(negative ? -bits : bits);
}

ColumnReader::ColumnReader(const Api& api, TypeHandle type)
    : api_(api), type_(api.get_type_id(type)) {
  const auto known = std::ranges::find(kNames, type_, &TypeName::id);
  type_name_ = take_text(api, api.logical_type_get_alias(type));
  if (known == std::end(kNames)) {
    throw user_error(
        {.what = "A column of the result has a type that cannot be read here" +
                 (type_name_.empty() ? std::string() : " (" + type_name_ + ")") + ".",
         .consequence = "The rows were not read.",
         .countermeasure = "Cast the column to a common type, such as VARCHAR or BLOB."});
  }
  if (type_name_.empty()) {
    type_name_ = known->name;
  }
  switch (type_) {
    case TypeId::decimal:
      internal_type_ = api.decimal_internal_type(type);
      scale_ = api.decimal_scale(type);
      type_name_ +=
          '(' + std::to_string(api.decimal_width(type)) + ',' + std::to_string(scale_) + ')';
      break;
    case TypeId::enumeration:
      internal_type_ = api.enum_internal_type(type);
      for (Index i = 0; i < api.enum_dictionary_size(type); ++i) {
        names_.push_back(take_text(api, api.enum_dictionary_value(type, i)));
      }
      break;
    case TypeId::list:
      add_child(api.list_type_child_type(type));
      break;
    case TypeId::array:
      array_size_ = api.array_type_array_size(type);
      add_child(api.array_type_child_type(type));
      break;
    case TypeId::map:
      add_child(api.map_type_key_type(type));
      add_child(api.map_type_value_type(type));
      break;
    case TypeId::structure:
      for (Index i = 0; i < api.struct_type_child_count(type); ++i) {
        names_.push_back(take_text(api, api.struct_type_child_name(type, i)));
        add_child(api.struct_type_child_type(type, i));
      }
      break;
    case TypeId::tagged_union:
      for (Index i = 0; i < api.union_type_member_count(type); ++i) {
        add_child(api.union_type_member_type(type, i));
      }
      break;
    default:
      break;
  }
}

void ColumnReader::add_child(TypeHandle type) {
  children_.emplace_back(api_, type);
  api_.destroy_logical_type(&type);
}

void ColumnReader::attach(VectorHandle vector) {
  data_ = api_.vector_get_data(vector);
  validity_ = api_.vector_get_validity(vector);
  switch (type_) {
    case TypeId::list:
      children_[0].attach(api_.list_vector_get_child(vector));
      break;
    case TypeId::array:
      children_[0].attach(api_.array_vector_get_child(vector));
      break;
    case TypeId::map: {
      VectorHandle entries = api_.list_vector_get_child(vector);
      for (Index i = 0; i < 2; ++i) {
        children_[i].attach(api_.struct_vector_get_child(entries, i));
      }
      break;
    }
    case TypeId::structure:
      for (Index i = 0; i < children_.size(); ++i) {
        children_[i].attach(api_.struct_vector_get_child(vector, i));
      }
      break;
    case TypeId::tagged_union:
      data_ = api_.vector_get_data(api_.struct_vector_get_child(vector, 0));  // which member it is
      for (Index i = 0; i < children_.size(); ++i) {
        children_[i].attach(api_.struct_vector_get_child(vector, i + 1));
      }
      break;
    default:
      break;
  }
}

Value ColumnReader::value(Index row) const {
  if (is_null(row)) {
    return {};
  }
  switch (type_) {
    case TypeId::invalid:
    case TypeId::sql_null:
      return {};
    case TypeId::boolean:
      return at<std::uint8_t>(row) != 0;
    case TypeId::tinyint:
    case TypeId::smallint:
    case TypeId::integer:
    case TypeId::bigint:
    case TypeId::utinyint:
    case TypeId::usmallint:
    case TypeId::uinteger:
    case TypeId::ubigint:
    case TypeId::hugeint:
    case TypeId::uhugeint:
      return integer_value(type_, row);
    case TypeId::float32:
      return static_cast<double>(at<float>(row));
    case TypeId::float64:
      return at<double>(row);
    case TypeId::decimal:
      return decimal_value(row);
    case TypeId::varchar:
      return at<StringReference>(row).view();
    case TypeId::blob:
      return hexadecimal(at<StringReference>(row).view());
    case TypeId::bit:
      return bit_text(at<StringReference>(row).view());
    case TypeId::uuid:
      return uuid_text(at<HugeInteger>(row));
    case TypeId::date:
      return or_infinity(at<std::int32_t>(row), date_text);
    case TypeId::time:
      return time_text(at<std::int64_t>(row));
    case TypeId::time_tz:
      return time_tz_text(at<std::uint64_t>(row));
    case TypeId::interval:
      return interval_text(at<Interval>(row));
    case TypeId::timestamp:
      return or_infinity(at<std::int64_t>(row), timestamp_text);
    case TypeId::timestamp_tz:
      return or_infinity(at<std::int64_t>(row),
                         [](std::int64_t value) { return timestamp_text(value) + "+00"; });
    case TypeId::timestamp_s:
    case TypeId::timestamp_ms: {
      const std::int64_t factor = type_ == TypeId::timestamp_s ? kMicrosPerSecond : 1'000;
      return or_infinity(at<std::int64_t>(row),
                         [=](std::int64_t value) { return timestamp_text(value * factor); });
    }
    case TypeId::timestamp_ns:
      return or_infinity(at<std::int64_t>(row), [](std::int64_t value) {
        const auto [seconds, nanoseconds] = split_days(value, 1'000'000'000);
        return timestamp_text(seconds * kMicrosPerSecond) + fraction_text(nanoseconds, 9);
      });
    case TypeId::enumeration: {
      const Value index = integer_value(internal_type_, row);
      return names_.at(static_cast<std::size_t>(*index.if_integer()));
    }
    case TypeId::list:
    case TypeId::array: {
      const ListEntry entry =
          type_ == TypeId::list ? at<ListEntry>(row) : ListEntry{row * array_size_, array_size_};
      Value::List list;
      list.reserve(entry.length);
      for (Index i = 0; i < entry.length; ++i) {
        list.push_back(children_[0].value(entry.offset + i));
      }
      return list;
    }
    case TypeId::structure:
      return struct_value(row);
    case TypeId::map:
      return map_value(row);
    case TypeId::tagged_union:
      return children_.at(at<std::uint8_t>(row)).value(row);
  }
  return {};
}

ColumnType ColumnReader::batch_type() const noexcept {
  switch (type_) {
    case TypeId::boolean:
      return ColumnType::boolean;
    case TypeId::tinyint:
    case TypeId::smallint:
    case TypeId::integer:
    case TypeId::bigint:
    case TypeId::utinyint:
    case TypeId::usmallint:
    case TypeId::uinteger:
      return ColumnType::integer;
    case TypeId::float32:
    case TypeId::float64:
      return ColumnType::real;
    case TypeId::decimal:
      return ColumnType::decimal;
    case TypeId::blob:
      return ColumnType::binary;
    case TypeId::date:
      return ColumnType::date;
    case TypeId::timestamp:
    case TypeId::timestamp_s:
    case TypeId::timestamp_ms:
      return ColumnType::timestamp;
    case TypeId::timestamp_tz:
      return ColumnType::timestamp_tz;
    case TypeId::list:
    case TypeId::array:
    case TypeId::structure:
    case TypeId::map:
      return ColumnType::json;
    case TypeId::varchar:
    case TypeId::bit:
    case TypeId::uuid:
    case TypeId::time:
    case TypeId::time_tz:
    case TypeId::interval:
    case TypeId::timestamp_ns:
    case TypeId::enumeration:
      return ColumnType::text;
    default:
      return ColumnType::null;
  }
}

void ColumnReader::append(BatchBuilder& builder, std::size_t column, Index row) const {
  if (is_null(row)) {
    return builder.append_null(column);
  }
  // Infinity is no point in time: its word makes the column one of texts.
  const auto append_time = [&](auto value, auto append_finite) {
    using T = decltype(value);
    if (value == std::numeric_limits<T>::max() || value == -std::numeric_limits<T>::max()) {
      return builder.append_text(column, value > 0 ? "infinity" : "-infinity");
    }
    append_finite(std::int64_t{value});
  };
  const auto append_timestamp = [&](std::int64_t factor) {
    append_time(at<std::int64_t>(row),
                [&](std::int64_t value) { builder.append_timestamp(column, value * factor); });
  };
  switch (type_) {
    case TypeId::decimal:
      return builder.append_decimal(column, *decimal_value(row).if_string());
    case TypeId::blob:
      return builder.append_binary(column, at<StringReference>(row).view());
    case TypeId::varchar:
      return builder.append_text(column, at<StringReference>(row).view());
    case TypeId::date:
      return append_time(at<std::int32_t>(row),
                         [&](std::int64_t days) { builder.append_date(column, days); });
    case TypeId::timestamp:
      return append_timestamp(1);
    case TypeId::timestamp_ms:
      return append_timestamp(1'000);
    case TypeId::timestamp_s:
      return append_timestamp(kMicrosPerSecond);
    case TypeId::timestamp_tz:
      return append_time(at<std::int64_t>(row),
                         [&](std::int64_t value) { builder.append_timestamp_utc(column, value); });
    default:
      append_value(builder, column, value(row));
  }
}

Value ColumnReader::integer_value(TypeId type, Index row) const {
  switch (type) {
    case TypeId::tinyint:
      return std::int64_t{at<std::int8_t>(row)};
    case TypeId::smallint:
      return std::int64_t{at<std::int16_t>(row)};
    case TypeId::integer:
      return std::int64_t{at<std::int32_t>(row)};
    case TypeId::bigint:
      return at<std::int64_t>(row);
    case TypeId::utinyint:
      return std::int64_t{at<std::uint8_t>(row)};
    case TypeId::usmallint:
      return std::int64_t{at<std::uint16_t>(row)};
    case TypeId::uinteger:
      return std::int64_t{at<std::uint32_t>(row)};
    case TypeId::ubigint:
      return integer_of(at<std::uint64_t>(row));
    case TypeId::hugeint: {
      const auto& value = at<HugeInteger>(row);
      return integer_of(static_cast<Wide>(value.upper) * (static_cast<Wide>(1) << 64) +
                        value.lower);
    }
    default: {
      const auto& value = at<HugeInteger>(row);
      if (value.upper == 0) {
        return integer_of(value.lower);
      }
      return Value::BigInteger{hugeint_text(value, false)};
    }
  }
}

Value ColumnReader::decimal_value(Index row) const {
  const Value unscaled = integer_value(internal_type_, row);
  std::string digits = unscaled.if_integer() ? std::to_string(*unscaled.if_integer())
                                             : unscaled.if_big_integer()->digits;
  if (scale_ == 0) {
    return digits;
  }
  const bool negative = digits.front() == '-';
  if (negative) {
    digits.erase(0, 1);
  }
  const auto scale = static_cast<std::size_t>(scale_);
  if (digits.size() <= scale) {
    digits.insert(0, scale + 1 - digits.size(), '0');
  }
  digits.insert(digits.size() - scale, 1, '.');
  return (negative ? "-" : "") + digits;
}

Value ColumnReader::struct_value(Index row) const {
  const bool unnamed =
      std::ranges::all_of(names_, [](const std::string& name) { return name.empty(); });
  Value::List list;
  Value::Map map;
  for (std::size_t i = 0; i < children_.size(); ++i) {
    if (unnamed) {
      list.push_back(children_[i].value(row));
    } else {
      map.push_back({names_[i], children_[i].value(row)});
    }
  }
  return unnamed ? Value(std::move(list)) : Value(std::move(map));
}

Value ColumnReader::map_value(Index row) const {
  const auto& entry = at<ListEntry>(row);
  Value::Map map;
  for (Index i = entry.offset; i < entry.offset + entry.length; ++i) {
    map.push_back({to_python_text(children_[0].value(i)), children_[1].value(i)});
  }
  return map;
}

}  // namespace vdk::duckdb
