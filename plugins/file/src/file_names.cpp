#include "file_names.hpp"

#include <algorithm>
#include <chrono>
#include <system_error>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "vdk/base/error.hpp"
#include "vdk/data/text_form.hpp"

namespace vdk::file {
namespace {

namespace fs = std::filesystem;

void check_target(const std::string& target) {
  if (target.find('\0') == std::string::npos) return;
  throw configuration_error({.what = "The target of rows for a file holds a NUL byte.",
                             .consequence = "The rows were not stored.",
                             .countermeasure = "Remove the byte."});
}

void check_table(const std::string& table) {
  constexpr std::size_t kLongest = 255;  // of a name in every usual file system
  std::string why;
  if (table.empty()) {
    why = "The call names none.";
  } else if (table == "." || table == "..") {
    why = "'" + table + "' is no name of a folder of its own.";
  } else if (table.find('/') != std::string::npos || table.find('\0') != std::string::npos) {
    why = "It holds a slash or a NUL byte, which the name of a folder cannot.";
  } else if (table.size() > kLongest) {
    why = "It is longer than " + std::to_string(kLongest) + " bytes.";
  }
  if (why.empty()) return;
  throw user_error({.what = "Rows for files need a destination table that can name a folder.",
                    .why = std::move(why),
                    .consequence = "The rows were not stored.",
                    .countermeasure = "Pass another destination_table."});
}

}  // namespace

fs::path appended_file(const std::string& target) {
  check_target(target);
  std::string name = target;
  if (name.empty()) {
    using std::chrono::microseconds;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    name = "table.";
    append_timestamp_text(name, std::chrono::duration_cast<microseconds>(now).count(),
                          DateTimeStyle::blank);
    name += ".json";
  }
  // As upstream, through symbolic links. What cannot be resolved cannot be written either, and is
  // refused then.
  std::error_code failure;
  const fs::path path = fs::absolute(name + ".json", failure);
  const fs::path resolved = fs::weakly_canonical(path, failure);
  return failure ? fs::path(name + ".json") : resolved;
}

fs::path load_file(const Load& load, std::string_view format) {
  const std::string& target = load.destination.target;
  if (target.empty()) {
    throw configuration_error(
        {.what = "Rows for files were sent without a target.",
         .consequence = "The rows were not stored.",
         .countermeasure = "Pass target=, or set ingest_target_default, to the folder for them."});
  }
  check_target(target);
  check_table(load.destination.table);
  const std::string name =
      name_part(load.execution) + "-" + name_part(load.step) + "." + std::string(format);
  std::error_code failure;
  const fs::path folder = fs::absolute(target, failure);
  return (failure ? fs::path(target) : folder) / load.destination.table / name;
}

std::string name_part(std::string_view text) {
  constexpr std::size_t kMost = 80;
  std::string part(text.substr(0, kMost));
  std::ranges::replace_if(
      part,
      [](char c) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
        return !plain;
      },
      '_');
  if (part == text) return part;
  constexpr std::string_view kDigits = "0123456789abcdef";
  const XXH64_hash_t hash = XXH3_64bits(text.data(), text.size());
  part += '-';
  for (int shift = 60; shift >= 0; shift -= 4) part += kDigits[hash >> shift & 15U];
  return part;
}

}  // namespace vdk::file
