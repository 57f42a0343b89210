#include "data/arrow_format.hpp"

#include <cstdint>
#include <cstring>

namespace vdk {
namespace {

void put_text(std::string& out, std::string_view text) {
  const auto length = static_cast<std::int32_t>(text.size());
  out.append(reinterpret_cast<const char*>(&length), sizeof length);
  out += text;
}

std::int32_t take_length(const char*& at) {
  std::int32_t length = 0;
  std::memcpy(&length, at, sizeof length);
  at += sizeof length;
  return length;
}

std::string take_text(const char*& at) {
  const std::int32_t length = take_length(at);
  std::string text(at, static_cast<std::size_t>(length));
  at += length;
  return text;
}

}  // namespace

std::string encode_metadata(const ArrowMetadata& metadata) {
  const auto count = static_cast<std::int32_t>(metadata.size());
  std::string out(reinterpret_cast<const char*>(&count), sizeof count);
  for (const auto& [key, value] : metadata) {
    put_text(out, key);
    put_text(out, value);
  }
  return out;
}

ArrowMetadata decode_metadata(const char* metadata) {
  ArrowMetadata result;
  if (metadata == nullptr) return result;
  const std::int32_t count = take_length(metadata);
  for (std::int32_t i = 0; i < count; ++i) {
    std::string key = take_text(metadata);
    result.emplace_back(std::move(key), take_text(metadata));
  }
  return result;
}

}  // namespace vdk
