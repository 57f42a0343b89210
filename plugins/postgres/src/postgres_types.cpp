#include "postgres_types.hpp"

#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "postgres_numeric.hpp"

namespace vdk::postgres {
namespace {

constexpr std::pair<std::string_view, ColumnType> kFamilies[] = {
    {"boolean", ColumnType::boolean},
    {"smallint", ColumnType::integer},
    {"integer", ColumnType::integer},
    {"bigint", ColumnType::integer},
    {"real", ColumnType::real},
    {"double precision", ColumnType::real},
    {"numeric", ColumnType::decimal},
    {"text", ColumnType::text},
    {"character varying", ColumnType::text},
    {"character", ColumnType::text},
    {"bytea", ColumnType::binary},
    {"date", ColumnType::date},
    {"timestamp without time zone", ColumnType::timestamp},
    {"timestamp with time zone", ColumnType::timestamp_tz},
    {"json", ColumnType::json},
    {"jsonb", ColumnType::json},
};

// "timestamp(3) without time zone" without its (3).
std::string without_modifier(std::string_view type) {
  std::string plain(type);
  const auto open = plain.find('(');
  const auto close = plain.find(')', open);
  if (open != std::string::npos && close != std::string::npos) plain.erase(open, close + 1 - open);
  return plain;
}

// More digits behind the point than the text of a double has.
constexpr std::int64_t kDoubleDigits = 330;

struct NumericLimits {
  std::int64_t whole = std::numeric_limits<std::int64_t>::max();
  std::int64_t fraction = std::numeric_limits<std::int64_t>::max();
};

NumericLimits limits_of(std::string_view type) {
  NumericLimits limits;
  const auto open = type.find('(');
  if (open == std::string_view::npos) return limits;
  std::int64_t precision = 0;
  std::int64_t scale = 0;
  const char* end = type.data() + type.size();
  const char* rest = std::from_chars(type.data() + open + 1, end, precision).ptr;
  if (rest != end && *rest == ',') std::from_chars(rest + 1, end, scale);
  return {.whole = precision - scale, .fraction = std::max<std::int64_t>(0, scale)};
}

template <class Fits>
bool all(const Column& column, std::size_t rows, Fits fits) {
  if (column.values.empty()) return true;  // without its values, or without any
  for (std::size_t row = 0; row < rows; ++row) {
    if (!column.is_null(row) && !fits(row)) return false;
  }
  return true;
}

bool integers_fit(const Column& column, std::size_t rows, std::int64_t least, std::int64_t most) {
  return all(column, rows, [&](std::size_t row) {
    return column.integer(row) >= least && column.integer(row) <= most;
  });
}

template <class T>
bool integers_fit(const Column& column, std::size_t rows) {
  return integers_fit(column, rows, std::numeric_limits<T>::min(), std::numeric_limits<T>::max());
}

std::int64_t largest_exact(std::string_view real_type) {
  return std::int64_t{1} << (real_type == "real" ? 24U : 53U);
}

bool integers_fit(std::string_view type, ColumnType family, const Column& column,
                  std::size_t rows) {
  if (type == "smallint") return integers_fit<std::int16_t>(column, rows);
  if (type == "integer") return integers_fit<std::int32_t>(column, rows);
  if (family == ColumnType::real) {
    return integers_fit(column, rows, -largest_exact(type), largest_exact(type));
  }
  if (family == ColumnType::decimal) {
    const std::int64_t digits = limits_of(type).whole;
    if (digits >= std::numeric_limits<std::int64_t>::digits10 + 1) return true;
    std::int64_t limit = 1;
    for (std::int64_t i = 0; i < digits; ++i) limit *= 10;
    return integers_fit(column, rows, -(limit - 1), limit - 1);
  }
  return true;
}

bool decimals_fit(std::string_view type, const Column& column, std::size_t rows) {
  const NumericLimits limits = limits_of(type);
  return all(column, rows, [&](std::size_t row) {
    DecimalText decimal;
    if (DecimalText::read(column.bytes(row), decimal) != Reading::good) return true;
    return decimal.whole_digits() <= limits.whole && decimal.fraction_digits() <= limits.fraction;
  });
}

bool fits(std::string_view type, const Column& column, std::size_t rows) {
  const ColumnType family = family_of_type(type);
  const ColumnType given = column.field.type;
  if (unite(family, given) != family) return false;
  switch (given) {
    case ColumnType::integer:
      return integers_fit(type, family, column, rows);
    case ColumnType::real:
      if (family == ColumnType::json) {
        return all(column, rows, [&](std::size_t row) { return std::isfinite(column.real(row)); });
      }
      if (family == ColumnType::decimal) return limits_of(type).fraction > kDoubleDigits;
      return type != "real" || all(column, rows, [&](std::size_t row) {
               const double value = column.real(row);
               return std::isnan(value) || static_cast<double>(static_cast<float>(value)) == value;
             });
    case ColumnType::decimal:
      return family != ColumnType::decimal || decimals_fit(type, column, rows);
    default:
      return true;
  }
}

}  // namespace

std::string type_for(ColumnType type) {
  switch (type) {
    case ColumnType::boolean:
      return "boolean";
    case ColumnType::integer:
      return "bigint";
    case ColumnType::real:
      return "double precision";
    case ColumnType::decimal:
      return "numeric";
    case ColumnType::binary:
      return "bytea";
    case ColumnType::date:
      return "date";
    case ColumnType::timestamp:
      return "timestamp without time zone";
    case ColumnType::timestamp_tz:
      return "timestamp with time zone";
    case ColumnType::json:
      return "jsonb";
    case ColumnType::null:
    case ColumnType::text:
      break;
  }
  return "text";
}

ColumnType family_of_type(std::string_view type) {
  const std::string plain = without_modifier(type);
  for (const auto& [name, family] : kFamilies) {
    if (name == plain) return family;
  }
  return ColumnType::null;
}

std::string wider_type_for(std::string_view known, const Column& column, std::size_t rows) {
  const ColumnType family = family_of_type(known);
  const ColumnType given = column.field.type;
  if (family == ColumnType::null || given == ColumnType::null || fits(known, column, rows)) {
    return {};
  }
  const ColumnType target = unite(family, given);
  std::string type = type_for(target);
  // Integers that a double rounds, and decimals that are no longer numbers of one scale.
  if (target == ColumnType::real && (given == ColumnType::integer && !fits(type, column, rows))) {
    type = type_for(ColumnType::decimal);
  }
  return type == known ? std::string() : type;
}

std::string converted(std::string_view name, std::string_view from, std::string_view to) {
  const std::string column(name);
  const ColumnType source = family_of_type(from);
  const ColumnType target = family_of_type(to);
  const std::string cast = "::" + std::string(to);
  if (target == ColumnType::json) return "to_json(" + column + ")::jsonb";
  if (target == ColumnType::text) {
    // As timestamps get into a column of text.
    if (source == ColumnType::timestamp) {
      return "regexp_replace(" + column + "::text, ' ', 'T')";
    }
    if (source == ColumnType::timestamp_tz) {
      return "regexp_replace((" + column + " AT TIME ZONE 'UTC')::text, ' ', 'T')" + " || '+00:00'";
    }
    return column + cast;
  }
  // There is no cast from boolean to most numbers, and the one from floating-point numbers rounds.
  if (source == ColumnType::boolean) return column + "::integer" + cast;
  if (source == ColumnType::real) return column + "::text" + cast;
  return column + cast;
}

}  // namespace vdk::postgres
