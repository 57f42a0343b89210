#include "csv_tokenizer.hpp"

#include <algorithm>
#include <bit>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace vdk::csv {
namespace {

constexpr std::size_t kBlock = 64;

// One bit for each of 64 bytes that means something.
template <bool kExtended>
class Specials {
 public:
  explicit Specials(const Dialect& dialect)
      : characters_{dialect.delimiter, dialect.quote, '\n', '\r', dialect.escape, dialect.comment} {
#if defined(__SSE2__)
    for (std::size_t i = 0; i < kCount; ++i) patterns_[i] = _mm_set1_epi8(characters_[i]);
#endif
  }

  [[nodiscard]] std::uint64_t find(const char* text) const {
#if defined(__SSE2__)
    std::uint64_t found = 0;
    for (std::size_t part = 0; part < kBlock / 16; ++part) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text + part * 16));
      __m128i any = _mm_cmpeq_epi8(bytes, patterns_[0]);
      for (std::size_t i = 1; i < kCount; ++i) {
        any = _mm_or_si128(any, _mm_cmpeq_epi8(bytes, patterns_[i]));
      }
      const auto bits = static_cast<std::uint32_t>(_mm_movemask_epi8(any));
      found |= static_cast<std::uint64_t>(bits) << (part * 16);
    }
    return found;
#else
    std::uint64_t found = 0;
    for (std::size_t i = 0; i < kBlock; ++i) {
      bool is_special = false;
      for (std::size_t k = 0; k < kCount; ++k) is_special |= text[i] == characters_[k];
      found |= static_cast<std::uint64_t>(is_special) << i;
    }
    return found;
#endif
  }

 private:
  static constexpr std::size_t kCount = kExtended ? 6 : 4;
  char characters_[6];
#if defined(__SSE2__)
  __m128i patterns_[kCount];
#endif
};

bool is_blank(const char* begin, const char* end, char delimiter) {
  return std::all_of(begin, end,
                     [delimiter](char c) { return (c == ' ' || c == '\t') && c != delimiter; });
}

// Of a record in the making.
enum class In : std::uint8_t { field, quotes, quoted_field, comment };

}  // namespace

Split Tokenizer::split(char* text, std::size_t from, std::size_t end, std::size_t limit, bool whole,
                       std::size_t rows, std::vector<Slice>& fields) const {
  if (fields.size() < rows * settings_.columns) fields.resize(rows * settings_.columns);
  const bool extended = dialect_.escape != '\0' || dialect_.comment != '\0';
  return extended ? split_with<true>(text, from, end, limit, whole, rows, fields.data())
                  : split_with<false>(text, from, end, limit, whole, rows, fields.data());
}

template <bool kExtended>
Split Tokenizer::split_with(char* text, std::size_t from, std::size_t end, std::size_t limit,
                            bool whole, std::size_t rows, Slice* fields) const {
  const Specials<kExtended> specials(dialect_);
  const char delimiter = dialect_.delimiter;
  const char quote = dialect_.quote;
  const std::size_t columns = settings_.columns;

  Split result;
  result.end = from;
  std::size_t row = from;    // where the record begins
  std::size_t field = from;  // where the field begins
  std::size_t count = 0;     // fields that the record has so far
  std::size_t closed = 0;    // behind the closing quote of the field
  bool has_escapes = false;  // in the field
  bool escape_at_end = false;
  In in = In::field;
  std::size_t base = from;
  bool skip_first = false;  // the first byte of the next block was dealt with
  std::uint64_t bits = 0;

  const auto load = [&] {
    bits = specials.find(text + base);
    if (end - base < kBlock) bits &= (std::uint64_t{1} << (end - base)) - 1;
    if (skip_first) bits &= ~std::uint64_t{1};
    skip_first = false;
  };
  const auto skip = [&](std::size_t at) {
    if (at - base < kBlock) {
      bits &= ~(std::uint64_t{1} << (at - base));
    } else {
      skip_first = true;
    }
  };
  const auto put = [&](std::size_t at) __attribute__((always_inline)) {
    if (count < columns) [[likely]] {
      if (in == In::field && (!kExtended || !has_escapes)) [[likely]] {
        *fields++ = {static_cast<std::uint32_t>(field), static_cast<std::uint32_t>(at - field)};
      } else if (in == In::quoted_field && closed == at && !has_escapes) {
        *fields++ = {static_cast<std::uint32_t>(field + 1),
                     static_cast<std::uint32_t>(at - field - 2)};
      } else {
        *fields++ = unescape(text, field, at);
      }
    }
    has_escapes = false;
    ++count;
  };
  // Ends the record whose last field ends at `at`; false where it must not be kept.
  const auto put_row = [&](std::size_t at) {
    if (in != In::comment) put(at);
    result.fields = count;
    if (count != columns) {
      if (count > columns && !settings_.ignore_more) {
        result.problem = Problem::too_many_fields;
        result.problem_at = row;
        return false;
      }
      for (; count < columns && settings_.pad; ++count) {
        *fields++ = {static_cast<std::uint32_t>(at), 0};
      }
    }
    ++result.rows;
    return true;
  };
  const auto is_no_record = [&](std::size_t at) {
    if (count != 0 || in == In::quoted_field) return false;
    return in == In::comment ? false : is_blank(text + field, text + at, delimiter);
  };

  if (base < end) load();
  while (base < end) {
    if (bits == 0) {
      base += kBlock;
      if (base < end) load();
      continue;
    }
    const std::size_t at = base + static_cast<std::size_t>(std::countr_zero(bits));
    bits &= bits - 1;
    const char c = text[at];
    if (in == In::quotes) {
      if (c == quote) {
        if (at + 1 < end && text[at + 1] == quote) {
          has_escapes = true;
          skip(at + 1);
        } else {
          in = In::quoted_field;
          closed = at + 1;
        }
      } else if (kExtended && c == dialect_.escape) {
        has_escapes = true;
        escape_at_end = at + 1 == end;
        skip(at + 1);
      }
      continue;
    }
    if (c == delimiter) [[likely]] {
      if (kExtended && in == In::comment) continue;
      put(at);
      field = at + 1;
      in = In::field;
      continue;
    }
    if (c == '\n' || c == '\r') {
      std::size_t next = at + 1;
      if (c == '\r') {
        if (next == end && !whole) break;  // perhaps a line feed follows
        if (next < end && text[next] == '\n') skip(next++);
      }
      const bool is_comment_line = kExtended && in == In::comment && count == 0;
      if (!is_comment_line && !is_no_record(at) && !put_row(at)) return result;
      row = field = next;
      result.end = next;
      count = 0;
      in = In::field;
      has_escapes = false;
      if (result.rows == rows || next >= limit) return result;
      continue;
    }
    if (c == quote) {
      if (at == field && in == In::field) in = In::quotes;
      continue;
    }
    if constexpr (kExtended) {
      if (in == In::comment || (in == In::quoted_field && closed == at)) continue;
      if (c == dialect_.escape) {
        has_escapes = true;
        escape_at_end = at + 1 == end;
        skip(at + 1);
      } else if (c == dialect_.comment) {
        if (at != row) put(at);
        in = In::comment;
      }
    }
  }
  if (!whole || row >= end) return result;
  if (in == In::quotes || escape_at_end) {
    result.problem = in == In::quotes ? Problem::unclosed_quote : Problem::escape_at_end;
    result.problem_at = row;
    return result;
  }
  const bool is_comment_line = in == In::comment && count == 0;
  if (!is_comment_line && !is_no_record(end) && !put_row(end)) return result;
  result.end = end;
  return result;
}

// Of a field that has quotes or escapes other than one pair around all of it.
Slice Tokenizer::unescape(char* text, std::size_t begin, std::size_t end) const {
  char* to = text + begin;
  std::size_t from = begin;
  bool quoted = from < end && text[from] == dialect_.quote;
  if (quoted) ++from;
  for (; from < end; ++from) {
    if (dialect_.escape != '\0' && text[from] == dialect_.escape && from + 1 < end) {
      *to++ = text[++from];
    } else if (quoted && text[from] == dialect_.quote) {
      if (from + 1 < end && text[from + 1] == dialect_.quote) {
        *to++ = text[++from];
      } else {
        quoted = false;
        // What directly follows the closing quote means nothing more than itself.
        if (from + 1 < end) *to++ = text[++from];
      }
    } else {
      *to++ = text[from];
    }
  }
  return {static_cast<std::uint32_t>(begin),
          static_cast<std::uint32_t>(static_cast<std::size_t>(to - text) - begin)};
}

std::size_t Tokenizer::skip_line(const char* text, std::size_t from, std::size_t end,
                                 bool whole) const {
  // As pandas has it, a separator at the very beginning does not begin another field.
  bool quoted = false;
  bool at_field = true;  // a quote here opens the field
  bool closed = false;   // the byte before closed it, or was the first of a doubled quote
  for (std::size_t at = from; at < end; ++at) {
    const char c = text[at];
    if (c == dialect_.quote && (quoted || at_field || closed)) {
      closed = quoted;
      quoted = !quoted;
      at_field = false;
      continue;
    }
    if (quoted) continue;
    closed = false;
    if (c == '\n') return at + 1;
    if (c == '\r') {
      if (at + 1 == end) return whole ? end : 0;
      return text[at + 1] == '\n' ? at + 2 : at + 1;
    }
    at_field = c == dialect_.delimiter && at != from;
  }
  return whole ? end : 0;
}

}  // namespace vdk::csv
