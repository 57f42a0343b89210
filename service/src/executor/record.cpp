#include "executor/record.hpp"

#include <fcntl.h>

#include <cerrno>
#include <string>
#include <system_error>

#include <fmt/format.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "executor/descriptor.hpp"
#include "vdk/base/error.hpp"

namespace vdk::service {

namespace {

// All of it or nothing, as far as a process that is killed goes: one call.
bool write_whole(int file, const std::string& bytes) {
  for (;;) {
    const ssize_t count = pwrite(file, bytes.data(), bytes.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count >= 0 && count != static_cast<ssize_t>(bytes.size())) errno = ENOSPC;
    return count == static_cast<ssize_t>(bytes.size());
  }
}

std::string padded(std::string text) {
  text.resize(kRecordBytes - 1, ' ');
  return text + '\n';
}

// Halves the longest text of the fact; false where there is none left to shorten.
bool shorten(Value& fact) {
  Value::Map* members = fact.if_map();
  if (members == nullptr) return false;
  Member* longest = nullptr;
  std::size_t length = 16;
  for (Member& member : *members) {
    const std::string* text = member.value.if_string();
    if (text && text->size() > length) {
      longest = &member;
      length = text->size();
    }
  }
  if (longest == nullptr) return false;
  std::string half = longest->value.if_string()->substr(0, length / 2);
  if (const auto invalid = find_invalid_utf8(half)) half.resize(*invalid);
  longest->value = half + "...";
  return true;
}

}  // namespace

void reserve_record(const std::filesystem::path& path) {
  const Descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.is_open() && write_whole(file.get(), padded(""))) return;
  const int error = errno;
  throw platform_error(
      {.what = fmt::format("The file {} cannot be written.", path.string()),
       .why = fmt::format("The system says: {}.", std::generic_category().message(error)),
       .consequence = "The run was not started.",
       .countermeasure = "Make room on the file system of the service's data directory, and see "
                         "that the service may write there."});
}

bool write_record(const std::filesystem::path& path, Value fact, bool survive_power_failure) {
  std::string text = to_json(fact);
  while (text.size() >= kRecordBytes && shorten(fact)) text = to_json(fact);
  if (text.size() >= kRecordBytes) {
    errno = EFBIG;
    return false;
  }
  const Descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (!file.is_open() || !write_whole(file.get(), padded(std::move(text)))) return false;
  // A file system that cannot sync has nothing to lose.
  if (survive_power_failure && fsync(file.get()) != 0) return errno == EINVAL || errno == ENOTSUP;
  return true;
}

std::optional<Value> read_record(const std::filesystem::path& path) {
  try {
    const std::optional<std::string> text = read_file_if_exists(path);
    if (!text || trim(*text).empty()) return std::nullopt;
    return parse_json(*text);
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace vdk::service
