#include "base/value_bytes.hpp"

#include <cstdint>
#include <cstring>
#include <utility>

namespace vdk {

namespace {

// One byte says what follows: a number of eight bytes, a text (its size of four bytes, its bytes),
// or as many values as the next four bytes say, in a map each behind the text of its key.
constexpr char kNull = 'n';
constexpr char kFalse = 'f';
constexpr char kTrue = 't';
constexpr char kInteger = 'i';
constexpr char kReal = 'r';
constexpr char kBigInteger = 'b';
constexpr char kText = 's';
constexpr char kList = 'l';
constexpr char kMap = 'm';
constexpr int kDeepest = 256;

template <class Number>
void append_number(std::string& bytes, Number number) {
  char raw[sizeof number];
  std::memcpy(raw, &number, sizeof number);
  bytes.append(raw, sizeof number);
}

void append_text(std::string& bytes, std::string_view text) {
  append_number(bytes, static_cast<std::uint32_t>(text.size()));
  bytes += text;
}

void append(std::string& bytes, const Value& value) {
  if (const bool* truth = value.if_bool()) {
    bytes += *truth ? kTrue : kFalse;
  } else if (const std::int64_t* integer = value.if_integer()) {
    bytes += kInteger;
    append_number(bytes, *integer);
  } else if (const double* real = value.if_real()) {
    bytes += kReal;
    append_number(bytes, *real);
  } else if (const Value::BigInteger* big = value.if_big_integer()) {
    bytes += kBigInteger;
    append_text(bytes, big->digits);
  } else if (const std::string* text = value.if_string()) {
    bytes += kText;
    append_text(bytes, *text);
  } else if (const Value::List* list = value.if_list()) {
    bytes += kList;
    append_number(bytes, static_cast<std::uint32_t>(list->size()));
    for (const Value& each : *list) append(bytes, each);
  } else if (const Value::Map* map = value.if_map()) {
    bytes += kMap;
    append_number(bytes, static_cast<std::uint32_t>(map->size()));
    for (const Member& member : *map) {
      append_text(bytes, member.key);
      append(bytes, member.value);
    }
  } else {
    bytes += kNull;
  }
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : left_(bytes) {}

  [[nodiscard]] bool at_end() const noexcept { return left_.empty(); }

  // False where the bytes end early or say what there is not.
  bool read(Value& value, int depth) {
    if (left_.empty() || depth > kDeepest) return false;
    const char kind = left_.front();
    left_.remove_prefix(1);
    switch (kind) {
      case kNull:
        value = nullptr;
        return true;
      case kFalse:
      case kTrue:
        value = kind == kTrue;
        return true;
      case kInteger:
        return read_as<std::int64_t>(value);
      case kReal:
        return read_as<double>(value);
      case kBigInteger:
      case kText: {
        std::string_view text;
        if (!read_text(text)) return false;
        value = kind == kText ? Value(text) : Value(Value::BigInteger{std::string(text)});
        return true;
      }
      case kList:
        return read_list(value, depth);
      case kMap:
        return read_map(value, depth);
      default:
        return false;
    }
  }

 private:
  template <class Number>
  bool read_number(Number& number) {
    if (left_.size() < sizeof number) return false;
    std::memcpy(&number, left_.data(), sizeof number);
    left_.remove_prefix(sizeof number);
    return true;
  }

  template <class Number>
  bool read_as(Value& value) {
    Number number{};
    if (!read_number(number)) return false;
    value = number;
    return true;
  }

  bool read_text(std::string_view& text) {
    std::uint32_t size = 0;
    if (!read_number(size) || left_.size() < size) return false;
    text = left_.substr(0, size);
    left_.remove_prefix(size);
    return true;
  }

  // Each value has a byte at least, so a count beyond what is left is a lie.
  bool read_count(std::uint32_t& count) { return read_number(count) && count <= left_.size(); }

  bool read_list(Value& value, int depth) {
    std::uint32_t count = 0;
    if (!read_count(count)) return false;
    Value::List list(count);
    for (Value& each : list) {
      if (!read(each, depth + 1)) return false;
    }
    value = std::move(list);
    return true;
  }

  bool read_map(Value& value, int depth) {
    std::uint32_t count = 0;
    if (!read_count(count)) return false;
    Value::Map map(count);
    for (Member& member : map) {
      std::string_view key;
      if (!read_text(key) || !read(member.value, depth + 1)) return false;
      member.key = key;
    }
    value = std::move(map);
    return true;
  }

  std::string_view left_;
};

}  // namespace

std::string to_bytes(const Value& value) {
  std::string bytes;
  append(bytes, value);
  return bytes;
}

std::optional<Value> from_bytes(std::string_view bytes) {
  Reader reader(bytes);
  Value value;
  if (!reader.read(value, 0) || !reader.at_end()) return std::nullopt;
  return value;
}

}  // namespace vdk
