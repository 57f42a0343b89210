#include "store/secret_box.hpp"

#include <memory>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"

namespace vdk::service {

namespace {

constexpr std::size_t kNonceSize = 12;
constexpr std::size_t kTagSize = 16;
constexpr char kFormatVersion = 1;
constexpr std::string_view kCheckPlace = "key check";

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

void require(int status) {
  if (status != 1) throw platform_error({.what = "A secret cannot be encrypted or decrypted."});
}

}  // namespace

Blob SecretBox::seal(std::string_view text, std::string_view place) const {
  std::string sealed(1 + kNonceSize + text.size() + kTagSize, kFormatVersion);
  auto* nonce = bytes_of(sealed) + 1;
  auto* content = nonce + kNonceSize;
  require(RAND_bytes(nonce, kNonceSize));
  const Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int size = 0;
  require(EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key_.data(), nonce));
  require(EVP_EncryptUpdate(cipher.get(), nullptr, &size, bytes_of(place),
                            static_cast<int>(place.size())));
  require(EVP_EncryptUpdate(cipher.get(), content, &size, bytes_of(text),
                            static_cast<int>(text.size())));
  require(EVP_EncryptFinal_ex(cipher.get(), content + size, &size));
  require(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagSize, content + text.size()));
  return {std::move(sealed)};
}

std::string SecretBox::open(const Blob& sealed, std::string_view place) const {
  const std::string_view all = sealed.bytes;
  const auto fail = [] {
    throw platform_error({.what = "A stored secret cannot be decrypted.",
                          .why = "It was encrypted with another key, or is damaged.",
                          .consequence = "It cannot be given out.",
                          .countermeasure = "Start the service with the key that it had."});
  };
  if (all.size() < 1 + kNonceSize + kTagSize || all.front() != kFormatVersion) fail();
  const auto nonce = all.substr(1, kNonceSize);
  const auto content = all.substr(1 + kNonceSize, all.size() - 1 - kNonceSize - kTagSize);
  std::string tag(all.substr(all.size() - kTagSize));
  std::string text(content.size(), '\0');
  const Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int size = 0;
  require(
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key_.data(), bytes_of(nonce)));
  require(EVP_DecryptUpdate(cipher.get(), nullptr, &size, bytes_of(place),
                            static_cast<int>(place.size())));
  require(EVP_DecryptUpdate(cipher.get(), bytes_of(text), &size, bytes_of(content),
                            static_cast<int>(content.size())));
  require(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagSize, tag.data()));
  if (EVP_DecryptFinal_ex(cipher.get(), bytes_of(text) + size, &size) != 1) fail();
  return text;
}

SecretBox::Key parse_key(std::string_view text) {
  const auto trimmed = std::string(trim(text));
  SecretBox::Key key{};
  if (trimmed.size() == 64 &&
      trimmed.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos) {
    for (std::size_t i = 0; i < key.size(); ++i) {
      key[i] = static_cast<unsigned char>(std::stoi(trimmed.substr(2 * i, 2), nullptr, 16));
    }
    return key;
  }
  std::array<unsigned char, 64> bytes{};
  if (trimmed.size() == 44 && EVP_DecodeBlock(bytes.data(), bytes_of(trimmed), 44) == 33 &&
      trimmed.ends_with('=')) {
    std::copy_n(bytes.begin(), key.size(), key.begin());
    return key;
  }
  throw configuration_error(
      {.what = "The key that encrypts secrets cannot be used.",
       .why = "It has to be 32 bytes, as 64 hexadecimal digits or as 44 characters of base64.",
       .consequence = "The service does not start.",
       .countermeasure = "Make one with: openssl rand -base64 32"});
}

SecretBox::Key provide_key_file(const std::filesystem::path& file) {
  if (const auto text = read_file_if_exists(file)) return parse_key(*text);
  SecretBox::Key key{};
  require(RAND_bytes(key.data(), static_cast<int>(key.size())));
  std::string text;
  for (const auto byte : key) text += fmt::format("{:02x}", byte);
  write_file_atomic(file, text + '\n', Access::owner_only);
  log(LogLevel::info, "vdk.service.store",
      fmt::format("made a key for secrets: {}; without it they cannot be read", file.string()));
  return key;
}

void check_key(Database& database, const SecretBox& box) {
  const bool is_right = database.write([&](Connection& connection) {
    const auto found = connection.run("SELECT sealed FROM key_check WHERE id = 1");
    if (found.rows.empty()) {
      connection.run("INSERT INTO key_check (id, sealed) VALUES (1, $1)",
                     {box.seal(kCheckPlace, kCheckPlace)});
      return true;
    }
    try {
      return box.open(Blob{found.rows.front()[0].bytes()}, kCheckPlace) == kCheckPlace;
    } catch (const Error&) {
      return false;
    }
  });
  if (is_right) return;
  throw configuration_error(
      {.what = "The key for secrets is not the one that this database was used with.",
       .why = "What is stored encrypted in it does not open with this key.",
       .consequence = "The service does not start: jobs would find no secrets.",
       .countermeasure = "Give the former key: by 'vdk.service.secrets.key', the file that "
                         "'vdk.service.secrets.key.file' names, or secrets.key in the data "
                         "directory."});
}

}  // namespace vdk::service
