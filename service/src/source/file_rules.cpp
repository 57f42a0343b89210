#include "source/file_rules.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/text.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/utf8.hpp"

namespace vdk::service {

namespace {

using Pairs = std::pair<std::string_view, std::string_view>;

constexpr std::array<Pairs, 13> signatures{{
    {"\x89PNG\r\n\x1a\n", "image/png"},
    {"\xff\xd8\xff", "image/jpeg"},
    {"GIF8", "image/gif"},
    {"PK\x03\x04", "application/zip"},
    {"PK\x05\x06", "application/zip"},
    {"%PDF-", "application/pdf"},
    {"\x1f\x8b", "application/gzip"},
    {"\x7f"
     "ELF",
     "application/x-executable"},
    {"MZ", "application/x-msdownload"},
    {"\xca\xfe\xba\xbe", "application/java-vm"},
    {"PAR1", "application/x-parquet"},
    {"SQLite format 3", "application/x-sqlite3"},
    {"7z\xbc\xaf", "application/x-7z-compressed"},
}};

constexpr std::array<Pairs, 13> kTextTypes{{
    {".py", "text/x-python"},
    {".sql", "text/x-sql"},
    {".ini", "text/x-ini"},
    {".json", "application/json"},
    {".xml", "application/xml"},
    {".yaml", "text/x-yaml"},
    {".yml", "text/x-yaml"},
    {".csv", "text/csv"},
    {".md", "text/x-web-markdown"},
    {".html", "text/html"},
    {".sh", "application/x-sh"},
    {".ipynb", "application/json"},
    {".toml", "application/toml"},
}};

bool has_type(const SourceFile& file, const std::vector<std::string>& types) {
  if (types.empty()) return false;
  const auto type = media_type_of(file);
  const auto base = type.substr(0, type.find('/'));
  return std::ranges::any_of(types, [&](const auto& one) { return one == type || one == base; });
}

bool has_ending(const SourceFile& file, const std::vector<std::string>& endings) {
  return std::ranges::any_of(endings, [&](const auto& one) { return file.path.ends_with(one); });
}

bool is_step(const SourceFile& file) {
  const auto name = lower(file.path);
  return file.path.find('/') == std::string::npos &&
         (name.ends_with(".py") || name.ends_with(".sql") || name.ends_with(".ipynb"));
}

}  // namespace

std::string media_type_of(const SourceFile& file) {
  for (const auto& [bytes, type] : signatures) {
    if (file.content.starts_with(bytes)) return std::string(type);
  }
  const auto beginning = std::string_view(file.content).substr(0, 64 * 1024);
  const auto bad = find_invalid_utf8(beginning);
  // A character that the cut went through is none of the file's faults.
  if ((bad && *bad + 4 < beginning.size()) || beginning.find('\0') != std::string_view::npos) {
    return "application/octet-stream";
  }
  const auto name = lower(file.path);
  for (const auto& [ending, type] : kTextTypes) {
    if (name.ends_with(ending)) return std::string(type);
  }
  return "text/plain";
}

void apply_file_rules(std::vector<SourceFile>& files, const FileRules& rules) {
  std::erase_if(files, [&](const SourceFile& file) {
    return has_type(file, rules.dropped_types) || has_ending(file, rules.dropped_endings);
  });
  for (const auto& file : files) {
    const bool fine = (rules.allowed_types.empty() || has_type(file, rules.allowed_types)) &&
                      (rules.allowed_endings.empty() || has_ending(file, rules.allowed_endings));
    if (fine) continue;
    throw user_error(
        {.what = "The uploaded sources cannot be accepted.",
         .why = fmt::format("The file '{}' is of the type '{}'. Allowed are the types [{}] and the "
                            "endings [{}].",
                            file.path, media_type_of(file), join(rules.allowed_types, ", "),
                            join(rules.allowed_endings, ", ")),
         .consequence = "Nothing was stored; the job's sources are as they were.",
         .countermeasure = "Remove the file, or ask the operator to allow it."});
  }
  if (std::ranges::none_of(files, is_step)) {
    throw user_error({.what = "The uploaded sources cannot be accepted.",
                      .why = "The job's folder has no step: no file that ends with .sql or .py.",
                      .consequence = "Nothing was stored; the job's sources are as they were.",
                      .countermeasure = "Upload the folder that holds the steps."});
  }
}

}  // namespace vdk::service
