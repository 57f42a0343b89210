// Encryption of what nobody may read from a copy of the database: AES-256 in Galois/Counter mode.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "store/database.hpp"

namespace vdk::service {

class SecretBox {
 public:
  using Key = std::array<unsigned char, 32>;
  explicit SecretBox(const Key& key) : key_(key) {}

  // `place` says what the text is (a team and a job): what was sealed for one place does not open
  // in another. Any thread.
  [[nodiscard]] Blob seal(std::string_view text, std::string_view place) const;
  // Throws Error (platform) where it was sealed by another key or for another place, or is damaged.
  [[nodiscard]] std::string open(const Blob& sealed, std::string_view place) const;

 private:
  Key key_;
};

// 32 bytes as base64 or hexadecimal digits. Throws Error (configuration); the text is not repeated.
[[nodiscard]] SecretBox::Key parse_key(std::string_view text);
// The key in the file, which is made with a new one, for its owner alone, where it is missing.
[[nodiscard]] SecretBox::Key provide_key_file(const std::filesystem::path& file);

// Throws Error (configuration) where the database was sealed by another key.
void check_key(Database& database, const SecretBox& box);

}  // namespace vdk::service
