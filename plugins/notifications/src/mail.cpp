#include "mail.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace vdk::notifications {

namespace {

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string to_base64(std::string_view bytes) {
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t three = 0;
    const std::size_t present = std::min<std::size_t>(3, bytes.size() - at);
    for (std::size_t i = 0; i < 3; ++i) {
      three = three << 8U | (i < present ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      out += i <= present ? kBase64[three >> (18U - 6U * i) & 0x3FU] : '=';
    }
  }
  return out;
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7F; });
}

// A header's text: what is not ASCII is encoded (RFC 2047), in words of at most 75 characters; line
// breaks, which would begin another header, are blanks.
std::string header_text(std::string_view text) {
  std::string clean(text);
  std::ranges::replace_if(clean, [](char c) { return c >= 0 && c < ' '; }, ' ');
  if (is_ascii(clean)) return clean;
  constexpr std::size_t kLongest = 42;  // bytes, which are 56 characters of base 64
  std::string encoded;
  for (std::size_t at = 0; at < clean.size();) {
    std::size_t end = std::min(clean.size(), at + kLongest);
    while (end < clean.size() && (static_cast<unsigned char>(clean[end]) & 0xC0U) == 0x80U) --end;
    if (!encoded.empty()) encoded += "\r\n ";
    encoded += "=?utf-8?b?" + to_base64(std::string_view(clean).substr(at, end - at)) + "?=";
    at = end;
  }
  return encoded;
}

std::string list_of(const std::vector<std::string>& addresses) {
  std::string list;
  for (const std::string& address : addresses) {
    if (!list.empty()) list += ",\r\n ";
    list += address;
  }
  return list;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

}  // namespace

std::vector<std::string> addresses(std::string_view list) {
  std::vector<std::string> found;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find_first_of(";,"), list.size());
    const std::string_view address = trim(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
    if (address.empty() || !is_ascii(address) ||
        address.find_first_of("<> ") != std::string_view::npos ||
        std::ranges::find(found, address) != found.end()) {
      continue;
    }
    found.emplace_back(address);
  }
  return found;
}

std::string to_message(const Mail& mail, std::string_view date, std::string_view message_id) {
  std::string message = "Date: " + std::string(date) + "\r\n";
  message += "Message-ID: <" + std::string(message_id) + ">\r\n";
  message += "From: " + header_text(mail.sender) + "\r\n";
  message += "To: " + list_of(mail.recipients) + "\r\n";
  if (!mail.copies.empty()) message += "Cc: " + list_of(mail.copies) + "\r\n";
  message += "Subject: " + header_text(mail.subject) + "\r\n";
  message +=
      "MIME-Version: 1.0\r\n"
      "Auto-Submitted: auto-generated\r\n"
      "Content-Type: text/html; charset=utf-8\r\n"
      "Content-Transfer-Encoding: base64\r\n\r\n";
  constexpr std::size_t kLine = 76;
  const std::string body = to_base64(mail.html);
  for (std::size_t at = 0; at < body.size(); at += kLine) {
    message += body.substr(at, kLine) + "\r\n";
  }
  return message;
}

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\n':
        out += "<br>\n";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace vdk::notifications
