#include "http/url.hpp"

#include "vdk/base/utf8.hpp"

namespace vdk::service::http {

namespace {

bool is_utf8(std::string_view text) noexcept { return !find_invalid_utf8(text); }

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> decode(std::string_view text, bool plus_is_blank) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_blank) {
      result += ' ';
    } else if (text[i] != '%') {
      result += text[i];
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      result += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return result;
}

bool is_safe_segment(std::string_view segment) {
  return !segment.empty() && segment != "." && segment != ".." &&
         segment.find_first_of(std::string_view("/\\;\0", 4)) == std::string_view::npos &&
         is_utf8(segment);
}

bool parse_query(std::string_view text, Url& url) {
  while (!text.empty()) {
    const auto end = text.find('&');
    const auto pair = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    auto key = decode(pair.substr(0, equals), true);
    auto value = equals == std::string_view::npos ? std::optional<std::string>(std::in_place)
                                                  : decode(pair.substr(equals + 1), true);
    if (!key || !value || !is_utf8(*key) || !is_utf8(*value)) return false;
    url.query.emplace_back(std::move(*key), std::move(*value));
  }
  return true;
}

}  // namespace

std::optional<std::string> decode_percent(std::string_view text) { return decode(text, false); }

std::string encode_percent(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
        c == '.' || c == '_' || c == '~') {
      result += c;
    } else {
      result += '%';
      result += digits[byte >> 4U];
      result += digits[byte & 15U];
    }
  }
  return result;
}

std::optional<Url> parse_target(std::string_view target) {
  if (target.empty() || target.front() != '/') return std::nullopt;
  Url url;
  const auto question = target.find('?');
  std::string_view path = target.substr(0, question);
  url.path = path;
  path.remove_prefix(1);
  while (!path.empty()) {
    const auto slash = path.find('/');
    auto segment = decode_percent(path.substr(0, slash));
    if (!segment || !is_safe_segment(*segment)) return std::nullopt;
    url.segments.push_back(std::move(*segment));
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
  }
  if (question != std::string_view::npos && !parse_query(target.substr(question + 1), url)) {
    return std::nullopt;
  }
  return url;
}

}  // namespace vdk::service::http
