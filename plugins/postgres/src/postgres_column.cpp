#include "postgres_column.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string_view>
#include <utility>

#include "postgres_column_writer.hpp"
#include "postgres_literal.hpp"
#include "postgres_numeric.hpp"
#include "postgres_text.hpp"
#include "vdk/data/convert.hpp"
#include "vdk/data/text_form.hpp"

namespace vdk::postgres {
namespace {

constexpr std::string_view kWrongType = "wrong_type";
constexpr std::string_view kOutOfRange = "out_of_range";

constexpr std::int64_t kMicrosecondsPerDay = std::int64_t{86'400} * 1'000'000;
// PostgreSQL's calendar: from 4713 BC; dates to 5874897, timestamps past what 64 bits hold of ours.
constexpr std::int64_t kFirstDay = -2'440'588;
constexpr std::int64_t kLastDay = 2'145'042'905;
constexpr std::int64_t kFirstMicrosecond = -210'866'803'200'000'000;
constexpr int kVersionOfInfinity = 140'000;  // in numeric

bool is_textual(ColumnType type) {
  return type == ColumnType::text || type == ColumnType::json || type == ColumnType::decimal;
}

class Conversion {
 public:
  Conversion(const Column& source, std::size_t rows, Kind kind, const ServerWays& server)
      : source_(source), rows_(rows), kind_(kind), server_(server) {
    result_.values = &source;
  }

  Outgoing run() {
    if (type() == ColumnType::null) return std::move(result_);
    switch (kind_) {
      case Kind::boolean:
        to_boolean();
        break;
      case Kind::int2:
        to_integer<std::int16_t>(Form::int2);
        break;
      case Kind::int4:
        to_integer<std::int32_t>(Form::int4);
        break;
      case Kind::int8:
        to_integer<std::int64_t>(Form::int8);
        break;
      case Kind::float4:
        to_real(Form::float4);
        break;
      case Kind::float8:
        to_real(Form::float8);
        break;
      case Kind::numeric:
        to_numeric();
        break;
      case Kind::text:
        to_text_bytes(Form::bytes);
        break;
      case Kind::bytea:
        to_bytea();
        break;
      case Kind::date:
        to_date();
        break;
      case Kind::timestamp:
      case Kind::timestamptz:
        to_timestamp();
        break;
      case Kind::json:
        to_text_bytes(Form::bytes);
        break;
      case Kind::jsonb:
        to_text_bytes(Form::jsonb);
        break;
      case Kind::uuid:
        to_uuid();
        break;
      case Kind::array:
      case Kind::other:
        result_.needs_server = true;
        if (type() == ColumnType::text || type() == ColumnType::json) check_text();
        break;
    }
    std::erase_if(result_.misfits, [](const Misfits& misfits) { return misfits.rows.empty(); });
    return std::move(result_);
  }

 private:
  [[nodiscard]] ColumnType type() const { return source_.field.type; }

  void refuse(std::size_t row, std::string_view reason) {
    const auto known = std::ranges::find(result_.misfits, reason, &Misfits::reason);
    if (known != result_.misfits.end()) {
      known->rows.push_back(row);
    } else {
      result_.misfits.push_back({std::string(reason), {row}});
    }
  }
  void refuse(std::size_t row, Reading reading) {
    refuse(row, reading == Reading::out_of_range ? kOutOfRange : kWrongType);
  }
  void refuse_all() {
    for (std::size_t row = 0; row < rows_; ++row) {
      if (!source_.is_null(row)) refuse(row, kWrongType);
    }
  }
  // A text that the server may read though we do not.
  void leave_to_server(std::size_t row, bool may_be_read) {
    if (may_be_read) {
      result_.needs_server = true;
    } else {
      refuse(row, kWrongType);
    }
  }

  // Converts each value; what `convert` refuses is null in the column.
  template <class Convert>
  void write(ColumnType to, Form form, Convert convert) {
    ColumnWriter writer(source_, rows_, to);
    for (std::size_t row = 0; row < rows_; ++row) {
      if (!source_.is_null(row) && !convert(writer, row)) writer.set_null(row);
    }
    result_.own = writer.take();
    result_.form = form;
  }

  void to_boolean() {
    if (type() == ColumnType::boolean) {
      result_.form = Form::boolean;
      return;
    }
    if (type() != ColumnType::integer && type() != ColumnType::real && !is_textual(type())) {
      return refuse_all();
    }
    write(ColumnType::boolean, Form::boolean, [&](ColumnWriter& out, std::size_t row) {
      bool value = false;
      bool good = false;
      if (is_textual(type())) {
        good = read_boolean(source_.bytes(row), value);
      } else {
        const double number = type() == ColumnType::real
                                  ? source_.real(row)
                                  : static_cast<double>(source_.integer(row));
        good = number == 0 || number == 1;
        value = number == 1;
      }
      if (!good) refuse(row, kWrongType);
      out.set_boolean(row, value && good);
      return good;
    });
  }

  Reading integer_of(std::size_t row, std::int64_t& value) {
    switch (type()) {
      case ColumnType::boolean:
        value = source_.boolean(row) ? 1 : 0;
        return Reading::good;
      case ColumnType::integer:
        value = source_.integer(row);
        return Reading::good;
      case ColumnType::real: {
        const double rounded = std::round(source_.real(row));
        if (!(rounded >= -9223372036854775808.0 && rounded < 9223372036854775808.0)) {
          return Reading::out_of_range;
        }
        value = static_cast<std::int64_t>(rounded);
        return Reading::good;
      }
      case ColumnType::text:
        return read_integer(source_.bytes(row), value);
      case ColumnType::json:
      case ColumnType::decimal: {
        DecimalText decimal;
        const Reading reading = DecimalText::read(source_.bytes(row), decimal);
        return reading == Reading::good ? decimal.round(value) : reading;
      }
      default:
        return Reading::wrong;
    }
  }

  template <class T>
  void to_integer(Form form) {
    if (type() == ColumnType::integer) {
      result_.form = form;
      if constexpr (sizeof(T) == sizeof(std::int64_t)) return;
      for (std::size_t row = 0; row < rows_; ++row) {
        const std::int64_t value = source_.integer(row);
        if ((value < std::numeric_limits<T>::min() || value > std::numeric_limits<T>::max()) &&
            !source_.is_null(row)) {
          refuse(row, kOutOfRange);
        }
      }
      return;
    }
    write(ColumnType::integer, form, [&](ColumnWriter& out, std::size_t row) {
      std::int64_t value = 0;
      Reading reading = integer_of(row, value);
      if (reading == Reading::good &&
          (value < std::numeric_limits<T>::min() || value > std::numeric_limits<T>::max())) {
        reading = Reading::out_of_range;
      }
      if (reading == Reading::good) {
        out.set(row, value);
        return true;
      }
      if (reading == Reading::wrong && type() == ColumnType::text) {
        leave_to_server(row, may_be_number(source_.bytes(row), server_.version));
      } else {
        refuse(row, reading);
      }
      return false;
    });
  }

  Reading real_of(std::size_t row, double& value) {
    switch (type()) {
      case ColumnType::boolean:
        value = source_.boolean(row) ? 1 : 0;
        return Reading::good;
      case ColumnType::integer:
        value = static_cast<double>(source_.integer(row));
        return Reading::good;
      case ColumnType::real:
        value = source_.real(row);
        return Reading::good;
      case ColumnType::text:
      case ColumnType::json:
      case ColumnType::decimal:
        return read_real(source_.bytes(row), value);
      default:
        return Reading::wrong;
    }
  }

  void to_real(Form form) {
    if (type() == ColumnType::real && form == Form::float8) {
      result_.form = form;
      return;
    }
    write(ColumnType::real, form, [&](ColumnWriter& out, std::size_t row) {
      double value = 0;
      Reading reading = real_of(row, value);
      if (reading == Reading::good && form == Form::float4 && std::isfinite(value)) {
        const float narrow = std::abs(value) > std::numeric_limits<float>::max()
                                 ? HUGE_VALF
                                 : static_cast<float>(value);
        if (std::isinf(narrow) || (narrow == 0) != (value == 0)) reading = Reading::out_of_range;
      }
      if (reading == Reading::good) {
        out.set(row, value);
        return true;
      }
      if (reading == Reading::wrong && type() == ColumnType::text) {
        leave_to_server(row, may_be_real(source_.bytes(row)));
      } else {
        refuse(row, reading);
      }
      return false;
    });
  }

  // Hexadecimal floating-point numbers, which the system's library reads for the server.
  static bool may_be_real(std::string_view text) {
    return text.find_first_of("xX(") != std::string_view::npos &&
           text.find_first_of("0123456789nN") != std::string_view::npos;
  }

  void to_numeric() {
    if (!is_textual(type()) && type() != ColumnType::integer && type() != ColumnType::real &&
        type() != ColumnType::boolean) {
      return refuse_all();
    }
    std::string bytes;
    std::string text;
    write(ColumnType::binary, Form::bytes, [&](ColumnWriter& out, std::size_t row) {
      bytes.clear();
      if (type() == ColumnType::integer || type() == ColumnType::boolean) {
        append_numeric(bytes, type() == ColumnType::integer ? source_.integer(row)
                                                            : std::int64_t{source_.boolean(row)});
      } else {
        std::string_view digits;
        if (type() == ColumnType::real) {
          text.clear();
          append_decimal_text(text, source_.real(row));
          digits = text;
        } else {
          digits = source_.bytes(row);
        }
        DecimalText decimal;
        Reading reading = DecimalText::read(digits, decimal);
        if (decimal.is_infinite() && server_.version < kVersionOfInfinity) {
          reading = Reading::out_of_range;
        }
        if (reading != Reading::good) {
          if (reading == Reading::wrong && type() == ColumnType::text) {
            leave_to_server(row, may_be_number(digits, server_.version));
          } else {
            refuse(row, reading);
          }
          return false;
        }
        decimal.append_binary(bytes);
      }
      out.set_bytes(row, bytes);
      return true;
    });
  }

  // Refuses what is no text for the server.
  void check_text() {
    if (is_plain_ascii(source_.values)) return;
    for (std::size_t row = 0; row < rows_; ++row) {
      if (source_.is_null(row)) continue;
      const std::string_view text = source_.bytes(row);
      if (text.find('\0') != std::string_view::npos) {
        refuse(row, "nul_byte");
      } else if (!is_utf8(text)) {
        refuse(row, "not_utf8");
      }
    }
  }

  void to_text_bytes(Form form) {
    const bool is_json = kind_ == Kind::json || kind_ == Kind::jsonb;
    if (type() == ColumnType::text || type() == ColumnType::json) {
      check_text();
      result_.form = form;
      return;
    }
    if (is_json && type() == ColumnType::binary) return refuse_all();
    std::string text;
    write(ColumnType::text, form, [&](ColumnWriter& out, std::size_t row) {
      if (is_json && !is_json_number(row)) {
        refuse(row, kWrongType);
        return false;
      }
      text.clear();
      append_literal(text, source_, row, kind_);
      out.set_bytes(row, text);
      return true;
    });
  }

  // JSON has no NaN and no infinity.
  bool is_json_number(std::size_t row) {
    if (type() == ColumnType::real) return std::isfinite(source_.real(row));
    if (type() != ColumnType::decimal) return true;
    DecimalText decimal;
    return DecimalText::read(source_.bytes(row), decimal) == Reading::good && decimal.is_finite();
  }

  void to_bytea() {
    if (type() == ColumnType::binary || is_textual(type())) {
      result_.form = Form::bytes;
      // In a literal a backslash begins a byte's number.
      if (type() == ColumnType::text && !source_.values.empty() &&
          std::memchr(source_.values.data(), '\\', source_.values.size()) != nullptr) {
        check_text();
        result_.needs_server = true;
      }
      return;
    }
    if (type() != ColumnType::date && type() != ColumnType::timestamp &&
        type() != ColumnType::timestamp_tz) {
      return refuse_all();
    }
    std::string text;
    write(ColumnType::binary, Form::bytes, [&](ColumnWriter& out, std::size_t row) {
      text.clear();
      append_cell_text(text, source_, row);
      out.set_bytes(row, text);
      return true;
    });
  }

  void to_date() {
    switch (type()) {
      case ColumnType::date:
        result_.form = Form::date;
        for (std::size_t row = 0; row < rows_; ++row) check_day(row, source_.integer(row));
        return;
      case ColumnType::timestamp:
      case ColumnType::timestamp_tz:
        return write(ColumnType::date, Form::date, [&](ColumnWriter& out, std::size_t row) {
          const std::int64_t value = source_.integer(row);
          const std::int64_t day =
              value / kMicrosecondsPerDay - (value % kMicrosecondsPerDay < 0 ? 1 : 0);
          out.set(row, static_cast<std::int32_t>(day));
          return check_day(row, day);
        });
      case ColumnType::text:
        return write(ColumnType::date, Form::date, [&](ColumnWriter& out, std::size_t row) {
          const std::string_view text = trim(source_.bytes(row));
          std::int64_t day = 0;
          std::int64_t ignored = 0;
          bool zoned = false;
          constexpr std::size_t kDateLength = 10;
          const bool good = parse_date(text, day) || (parse_timestamp(text, ignored, zoned) &&
                                                      parse_date(text.substr(0, kDateLength), day));
          if (!good || text.starts_with("0000")) {
            leave_to_server(row, true);
            return false;
          }
          out.set(row, static_cast<std::int32_t>(day));
          return true;
        });
      default:
        return refuse_all();
    }
  }

  bool check_day(std::size_t row, std::int64_t day) {
    if (day >= kFirstDay && day <= kLastDay) return true;
    if (!source_.is_null(row)) refuse(row, kOutOfRange);
    return false;
  }

  bool check_microsecond(std::size_t row, std::int64_t value) {
    if (value >= kFirstMicrosecond) return true;
    if (!source_.is_null(row)) refuse(row, kOutOfRange);
    return false;
  }

  void to_timestamp() {
    const bool wants_zone = kind_ == Kind::timestamptz;
    switch (type()) {
      case ColumnType::timestamp:
      case ColumnType::timestamp_tz:
        result_.form = Form::timestamp;
        result_.needs_server = wants_zone && type() == ColumnType::timestamp && !server_.is_utc;
        for (std::size_t row = 0; row < rows_; ++row) {
          check_microsecond(row, source_.integer(row));
        }
        return;
      case ColumnType::date:
        result_.needs_server = wants_zone && !server_.is_utc;
        return write(ColumnType::timestamp, Form::timestamp,
                     [&](ColumnWriter& out, std::size_t row) {
                       const std::int64_t day = source_.integer(row);
                       constexpr std::int64_t kMost =
                           std::numeric_limits<std::int64_t>::max() / kMicrosecondsPerDay;
                       if (day > kMost || day < kFirstDay) {
                         refuse(row, kOutOfRange);
                         return false;
                       }
                       out.set(row, day * kMicrosecondsPerDay);
                       return true;
                     });
      case ColumnType::text:
        return write(
            ColumnType::timestamp, Form::timestamp, [&](ColumnWriter& out, std::size_t row) {
              const std::string_view text = trim(source_.bytes(row));
              std::int64_t value = 0;
              bool zoned = false;
              const bool good = parse_timestamp(text, value, zoned) && !text.starts_with("0000") &&
                                (zoned == wants_zone || (wants_zone && server_.is_utc));
              if (good) {
                out.set(row, value);
              } else {
                leave_to_server(row, true);
              }
              return good;
            });
      default:
        return refuse_all();
    }
  }

  void to_uuid() {
    if (type() != ColumnType::text) return refuse_all();
    std::string bytes;
    write(ColumnType::binary, Form::bytes, [&](ColumnWriter& out, std::size_t row) {
      bytes.clear();
      if (!read_uuid(source_.bytes(row), bytes)) {
        refuse(row, kWrongType);
        return false;
      }
      out.set_bytes(row, bytes);
      return true;
    });
  }

  const Column& source_;
  const std::size_t rows_;
  const Kind kind_;
  const ServerWays& server_;
  Outgoing result_;
};

}  // namespace

Outgoing to_binary(const Column& source, std::size_t rows, Kind kind, const ServerWays& server) {
  return Conversion(source, rows, kind, server).run();
}

Outgoing to_text(const Column& source, std::size_t rows, Kind kind) {
  Outgoing result{.form = Form::bytes, .values = &source};
  const ColumnType type = source.field.type;
  const bool is_rounded = family_of(kind) == ColumnType::integer && type != ColumnType::text;
  if (type == ColumnType::null) {
    result.form = Form::nothing;
  } else if (is_rounded) {
    const Outgoing numbers = to_binary(source, rows, Kind::int8, {});
    return to_text(numbers.column(), rows, Kind::text);
  } else if (type != ColumnType::text && !(type == ColumnType::json && kind != Kind::array)) {
    ColumnWriter writer(source, rows, ColumnType::text);
    std::string text;
    for (std::size_t row = 0; row < rows; ++row) {
      if (source.is_null(row)) continue;
      text.clear();
      append_literal(text, source, row, kind);
      writer.set_bytes(row, text);
    }
    result.own = writer.take();
  }
  return result;
}

}  // namespace vdk::postgres
