#include "postgres_values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <memory>
#include <utility>

namespace vdk::postgres {
namespace {

// The server's catalogue numbers never change for built-in types.
constexpr Oid kBool = 16;
constexpr Oid kBytea = 17;
constexpr Oid kBigint = 20;
constexpr Oid kSmallint = 21;
constexpr Oid kInteger = 23;
constexpr Oid kOid = 26;
constexpr Oid kReal = 700;
constexpr Oid kDouble = 701;

constexpr std::array<std::pair<Oid, std::string_view>, 60> kNames{{
    {kBool, "boolean"},
    {kBytea, "bytea"},
    {18, "\"char\""},
    {19, "name"},
    {kBigint, "bigint"},
    {kSmallint, "smallint"},
    {kInteger, "integer"},
    {24, "regproc"},
    {25, "text"},
    {kOid, "oid"},
    {27, "tid"},
    {28, "xid"},
    {114, "json"},
    {142, "xml"},
    {199, "json[]"},
    {600, "point"},
    {601, "lseg"},
    {602, "path"},
    {603, "box"},
    {604, "polygon"},
    {628, "line"},
    {650, "cidr"},
    {kReal, "real"},
    {kDouble, "double precision"},
    {718, "circle"},
    {790, "money"},
    {829, "macaddr"},
    {869, "inet"},
    {1000, "boolean[]"},
    {1001, "bytea[]"},
    {1005, "smallint[]"},
    {1007, "integer[]"},
    {1009, "text[]"},
    {1014, "character[]"},
    {1015, "character varying[]"},
    {1016, "bigint[]"},
    {1021, "real[]"},
    {1022, "double precision[]"},
    {1042, "character"},
    {1043, "character varying"},
    {1082, "date"},
    {1083, "time without time zone"},
    {1114, "timestamp without time zone"},
    {1115, "timestamp without time zone[]"},
    {1182, "date[]"},
    {1184, "timestamp with time zone"},
    {1185, "timestamp with time zone[]"},
    {1186, "interval"},
    {1231, "numeric[]"},
    {1266, "time with time zone"},
    {1560, "bit"},
    {1562, "bit varying"},
    {1700, "numeric"},
    {2205, "regclass"},
    {2278, "void"},
    {2950, "uuid"},
    {2951, "uuid[]"},
    {3614, "tsvector"},
    {3802, "jsonb"},
    {3807, "jsonb[]"},
}};

Value integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return text;
  }
  return value;
}

Value real(std::string_view text) {
  if (text == "NaN") {
    return std::numeric_limits<double>::quiet_NaN();
  }
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return text;
  }
  return value;
}

std::string hexadecimal(std::string_view text) {
  if (text.starts_with("\\x")) {
    return std::string(text.substr(2));
  }
  // The form of `bytea_output = escape`.
  const std::string terminated(text);
  std::size_t size = 0;
  const std::unique_ptr<unsigned char, void (*)(void*)> bytes(
      PQunescapeBytea(reinterpret_cast<const unsigned char*>(terminated.c_str()), &size),
      PQfreemem);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string digits;
  digits.reserve(size * 2);
  for (std::size_t i = 0; bytes && i < size; ++i) {
    digits += kDigits[bytes.get()[i] >> 4];
    digits += kDigits[bytes.get()[i] & 15];
  }
  return digits;
}

}  // namespace

std::string type_name(Oid type) {
  const auto* const found =
      std::lower_bound(kNames.begin(), kNames.end(), type,
                       [](const auto& entry, Oid wanted) { return entry.first < wanted; });
  return found != kNames.end() && found->first == type ? std::string(found->second) : std::string();
}

Value to_value(Oid type, std::string_view text) {
  switch (type) {
    case kBool:
      return text == "t";
    case kSmallint:
    case kInteger:
    case kBigint:
    case kOid:
      return integer(text);
    case kReal:
    case kDouble:
      return real(text);
    case kBytea:
      return hexadecimal(text);
    default:
      return text;
  }
}

}  // namespace vdk::postgres
