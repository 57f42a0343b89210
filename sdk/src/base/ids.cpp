#include "base/ids.hpp"

#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <random>

namespace vdk {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

std::array<std::uint8_t, 16> random_bytes() {
  std::array<std::uint8_t, 16> bytes{};
  if (getentropy(bytes.data(), bytes.size()) == 0) return bytes;
  std::random_device device;  // a sandbox may forbid the system call
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(device());
  return bytes;
}

std::string random_suffix() { return make_uuid4().substr(0, 5); }

}  // namespace

std::string make_uuid4() {
  std::array<std::uint8_t, 16> bytes = random_bytes();
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0FU) | 0x40U);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3FU) | 0x80U);
  std::string text;
  text.reserve(36);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kHexDigits[bytes[i] >> 4U];
    text += kHexDigits[bytes[i] & 0x0FU];
  }
  return text;
}

RunIds make_run_ids(std::string_view op_id, std::string_view execution_id,
                    std::string_view attempt_id) {
  RunIds ids{std::string(op_id), std::string(execution_id), std::string(attempt_id)};
  if (ids.attempt_id.empty()) {
    if (ids.execution_id.empty()) {
      const auto now = std::chrono::system_clock::now().time_since_epoch();
      const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now).count();
      ids.execution_id = make_uuid4() + '-' + std::to_string(seconds);
    }
    ids.attempt_id = ids.execution_id + '-' + random_suffix();
  }
  if (ids.execution_id.empty()) {
    // Upstream's execution id is empty where the attempt id has no dash; an id that is none
    // identifies nothing.
    ids.execution_id = ids.attempt_id.substr(0, ids.attempt_id.rfind('-'));
    if (ids.execution_id.empty()) ids.execution_id = ids.attempt_id;
  }
  if (ids.op_id.empty()) ids.op_id = ids.execution_id;
  return ids;
}

}  // namespace vdk
