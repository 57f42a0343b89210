#include "postgres_copy.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "postgres_error.hpp"

namespace vdk::postgres {
namespace {

constexpr std::size_t kPiece = std::size_t{128} << 10;
constexpr std::size_t kMostRows = 1024;  // encoded at a time
constexpr std::string_view kSignature{"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", 19};
constexpr std::string_view kTrailer{"\xff\xff", 2};
constexpr std::int32_t kNull = -1;
constexpr std::int32_t kDaysTo2000 = 10'957;
constexpr std::int64_t kMicrosecondsTo2000 = 946'684'800'000'000;
constexpr std::uint8_t kJsonbVersion = 1;

std::uint8_t* store16(std::uint8_t* out, std::uint16_t value) {
  value = __builtin_bswap16(value);
  std::memcpy(out, &value, sizeof value);
  return out + sizeof value;
}
std::uint8_t* store32(std::uint8_t* out, std::uint32_t value) {
  value = __builtin_bswap32(value);
  std::memcpy(out, &value, sizeof value);
  return out + sizeof value;
}
std::uint8_t* store64(std::uint8_t* out, std::uint64_t value) {
  value = __builtin_bswap64(value);
  std::memcpy(out, &value, sizeof value);
  return out + sizeof value;
}
std::uint8_t* store_length(std::uint8_t* out, std::int32_t length) {
  return store32(out, static_cast<std::uint32_t>(length));
}

std::size_t width_of(Form form) {
  switch (form) {
    case Form::boolean:
      return 1;
    case Form::int2:
      return 2;
    case Form::int4:
    case Form::float4:
    case Form::date:
      return 4;
    case Form::int8:
    case Form::float8:
    case Form::timestamp:
      return 8;
    case Form::nothing:
    case Form::bytes:
    case Form::jsonb:
      return 0;
  }
  return 0;
}

std::uint8_t* store_fixed(std::uint8_t* out, Form form, const Column& column, std::size_t row) {
  switch (form) {
    case Form::boolean:
      *out = column.boolean(row) ? 1 : 0;
      return out + 1;
    case Form::int2:
      return store16(out, static_cast<std::uint16_t>(column.integer(row)));
    case Form::int4:
      return store32(out, static_cast<std::uint32_t>(column.integer(row)));
    case Form::int8:
      return store64(out, static_cast<std::uint64_t>(column.integer(row)));
    case Form::float4: {
      const auto value = static_cast<float>(column.real(row));
      std::uint32_t bits = 0;
      std::memcpy(&bits, &value, sizeof bits);
      return store32(out, bits);
    }
    case Form::float8: {
      const double value = column.real(row);
      std::uint64_t bits = 0;
      std::memcpy(&bits, &value, sizeof bits);
      return store64(out, bits);
    }
    case Form::date:
      return store32(out, static_cast<std::uint32_t>(column.integer(row) - kDaysTo2000));
    case Form::timestamp:
      return store64(out, static_cast<std::uint64_t>(column.integer(row) - kMicrosecondsTo2000));
    case Form::nothing:
    case Form::bytes:
    case Form::jsonb:
      return out;
  }
  return out;
}

class BinaryRows {
 public:
  explicit BinaryRows(Session& session) : session_(session), buffer_(new std::uint8_t[kPiece]) {
    put(kSignature);
  }

  void write(const OutgoingRows& batch) {
    for (std::size_t begin = 0; begin < batch.rows;) {
      const std::size_t count = std::min(kMostRows, batch.rows - begin);
      measure(batch, begin, count);
      std::size_t fit = 0;
      std::size_t total = 0;
      while (fit < count && used_ + total + sizes_[fit] <= kPiece) total += sizes_[fit++];
      if (fit == 0 && used_ == 0) {
        write_large(batch, begin++);
        continue;
      }
      encode(batch, begin, fit);
      used_ += total;
      begin += fit;
      if (fit < count) flush();
    }
  }

  void finish() {
    put(kTrailer);
    flush();
  }

 private:
  void flush() {
    session_.put({reinterpret_cast<const char*>(buffer_.get()), used_});
    used_ = 0;
  }

  void put(std::string_view bytes) {
    if (used_ + bytes.size() > kPiece) flush();
    if (bytes.size() > kPiece) return session_.put(bytes);
    std::memcpy(buffer_.get() + used_, bytes.data(), bytes.size());
    used_ += bytes.size();
  }

  // The size of each row into sizes_.
  void measure(const OutgoingRows& batch, std::size_t begin, std::size_t count) {
    std::size_t each = sizeof(std::uint16_t) + batch.columns.size() * sizeof(std::int32_t);
    for (const Outgoing& column : batch.columns) {
      if (column.form != Form::nothing && column.column().validity.empty()) {
        each += width_of(column.form) + (column.form == Form::jsonb ? 1 : 0);
      }
    }
    std::fill_n(sizes_, count, each);
    for (const Outgoing& outgoing : batch.columns) {
      if (outgoing.form == Form::nothing) continue;
      const Column& column = outgoing.column();
      const std::size_t width = width_of(outgoing.form);
      if (width != 0) {
        if (column.validity.empty()) continue;
        for (std::size_t i = 0; i < count; ++i) {
          sizes_[i] += column.is_null(begin + i) ? 0 : width;
        }
        continue;
      }
      const std::int64_t* offsets = column.offsets.data() + begin;
      if (column.validity.empty()) {
        for (std::size_t i = 0; i < count; ++i) {
          sizes_[i] += static_cast<std::size_t>(offsets[i + 1] - offsets[i]);
        }
        continue;
      }
      const std::size_t more = outgoing.form == Form::jsonb ? 1 : 0;
      for (std::size_t i = 0; i < count; ++i) {
        if (!column.is_null(begin + i)) {
          sizes_[i] += static_cast<std::size_t>(offsets[i + 1] - offsets[i]) + more;
        }
      }
    }
  }

  // The rows [begin, begin + count) behind what is in the buffer, where they fit.
  void encode(const OutgoingRows& batch, std::size_t begin, std::size_t count) {
    std::uint8_t* out = buffer_.get() + used_;
    for (std::size_t i = 0; i < count; ++i) {
      places_[i] = store16(out, static_cast<std::uint16_t>(batch.columns.size()));
      out += sizes_[i];
    }
    for (const Outgoing& outgoing : batch.columns) {
      switch (outgoing.form) {
        case Form::nothing:
          for (std::size_t i = 0; i < count; ++i) places_[i] = store_length(places_[i], kNull);
          break;
        case Form::boolean:
          encode_fixed<Form::boolean>(outgoing.column(), begin, count);
          break;
        case Form::int2:
          encode_fixed<Form::int2>(outgoing.column(), begin, count);
          break;
        case Form::int4:
          encode_fixed<Form::int4>(outgoing.column(), begin, count);
          break;
        case Form::int8:
          encode_fixed<Form::int8>(outgoing.column(), begin, count);
          break;
        case Form::float4:
          encode_fixed<Form::float4>(outgoing.column(), begin, count);
          break;
        case Form::float8:
          encode_fixed<Form::float8>(outgoing.column(), begin, count);
          break;
        case Form::date:
          encode_fixed<Form::date>(outgoing.column(), begin, count);
          break;
        case Form::timestamp:
          encode_fixed<Form::timestamp>(outgoing.column(), begin, count);
          break;
        case Form::bytes:
          encode_bytes<false>(outgoing.column(), begin, count);
          break;
        case Form::jsonb:
          encode_bytes<true>(outgoing.column(), begin, count);
          break;
      }
    }
  }

  template <Form form>
  void encode_fixed(const Column& column, std::size_t begin, std::size_t count) {
    const auto width = static_cast<std::int32_t>(width_of(form));
    if (column.validity.empty()) {
      for (std::size_t i = 0; i < count; ++i) {
        places_[i] = store_fixed(store_length(places_[i], width), form, column, begin + i);
      }
      return;
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (column.is_null(begin + i)) {
        places_[i] = store_length(places_[i], kNull);
      } else {
        places_[i] = store_fixed(store_length(places_[i], width), form, column, begin + i);
      }
    }
  }

  template <bool is_jsonb>
  void encode_bytes(const Column& column, std::size_t begin, std::size_t count) {
    constexpr std::int32_t kMore = is_jsonb ? 1 : 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (column.is_null(begin + i)) {
        places_[i] = store_length(places_[i], kNull);
        continue;
      }
      const std::string_view bytes = column.bytes(begin + i);
      std::uint8_t* out = store_length(places_[i], static_cast<std::int32_t>(bytes.size()) + kMore);
      if constexpr (is_jsonb) *out++ = kJsonbVersion;
      if (!bytes.empty()) std::memcpy(out, bytes.data(), bytes.size());
      places_[i] = out + bytes.size();
    }
  }

  // A row that is larger than the buffer: its long values go from where they are.
  void write_large(const OutgoingRows& batch, std::size_t row) {
    constexpr std::size_t kField = 16;
    std::uint8_t field[kField];
    const auto put_field = [&](const std::uint8_t* end) {
      put({reinterpret_cast<const char*>(field), static_cast<std::size_t>(end - field)});
    };
    put_field(store16(field, static_cast<std::uint16_t>(batch.columns.size())));
    for (const Outgoing& outgoing : batch.columns) {
      if (outgoing.form == Form::nothing || outgoing.column().is_null(row)) {
        put_field(store_length(field, kNull));
        continue;
      }
      const Column& column = outgoing.column();
      if (const std::size_t width = width_of(outgoing.form); width != 0) {
        put_field(store_fixed(store_length(field, static_cast<std::int32_t>(width)), outgoing.form,
                              column, row));
        continue;
      }
      const std::string_view bytes = column.bytes(row);
      const bool is_jsonb = outgoing.form == Form::jsonb;
      std::uint8_t* end =
          store_length(field, static_cast<std::int32_t>(bytes.size() + (is_jsonb ? 1 : 0)));
      if (is_jsonb) *end++ = kJsonbVersion;
      put_field(end);
      put(bytes);
    }
  }

  Session& session_;
  std::unique_ptr<std::uint8_t[]> buffer_;
  std::size_t used_ = 0;
  std::size_t sizes_[kMostRows];
  std::uint8_t* places_[kMostRows];  // where the next field of each row goes
};

class TextRows {
 public:
  explicit TextRows(Session& session) : session_(session) { buffer_.reserve(2 * kPiece); }

  void write(const OutgoingRows& batch) {
    for (std::size_t row = 0; row < batch.rows; ++row) {
      for (std::size_t i = 0; i < batch.columns.size(); ++i) {
        if (i != 0) buffer_ += '\t';
        const Outgoing& outgoing = batch.columns[i];
        if (outgoing.form == Form::nothing || outgoing.column().is_null(row)) {
          buffer_ += "\\N";
        } else {
          append(outgoing.column().bytes(row));
        }
      }
      buffer_ += '\n';
      if (buffer_.size() >= kPiece) flush();
    }
  }

  void finish() { flush(); }

 private:
  void flush() {
    session_.put(buffer_);
    buffer_.clear();
  }

  void append(std::string_view text) {
    constexpr std::string_view kEscaped = "\\\b\f\n\r\t\v";
    constexpr std::string_view kLetters = "\\bfnrtv";
    while (!text.empty()) {
      const auto plain = std::min({text.find_first_of(kEscaped), text.size(), kPiece});
      buffer_ += text.substr(0, plain);
      text.remove_prefix(plain);
      if (plain != kPiece && !text.empty()) {
        buffer_ += '\\';
        buffer_ += kLetters[kEscaped.find(text.front())];
        text.remove_prefix(1);
      }
      if (buffer_.size() >= kPiece) flush();
    }
  }

  Session& session_;
  std::string buffer_;
};

template <class Rows>
void write_all(Session& session, std::span<const OutgoingRows> batches) {
  const auto rows = std::make_unique<Rows>(session);
  for (const OutgoingRows& batch : batches) rows->write(batch);
  rows->finish();
}

}  // namespace

void copy_rows(Session& session, const std::string& sql, CopyFormat format,
               std::span<const OutgoingRows> batches) {
  session.begin_copy(sql);
  try {
    if (format == CopyFormat::binary) {
      write_all<BinaryRows>(session, batches);
    } else {
      write_all<TextRows>(session, batches);
    }
  } catch (...) {
    if (const Result words = session.abandon_copy()) {
      throw statement_error(words.get(), sql, session.place(), {});
    }
    throw;
  }
  session.end_copy(sql);
}

}  // namespace vdk::postgres
