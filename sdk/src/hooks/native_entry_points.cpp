#include "hooks/native_entry_points.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "base/file.hpp"
#include "base/text.hpp"

namespace vdk {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kGroup = "[vdk.plugin.native]";

// Nothing that leads out of the directory of packages.
bool is_plain(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

fs::path directory_of(const fs::path& packages, std::string_view package) {
  fs::path directory = packages;
  for (const std::string& part : split(package, '.')) {
    if (!is_plain(part)) return {};
    directory /= part;
  }
  return directory;
}

}  // namespace

std::vector<NativePluginEntry> find_native_entries(const std::vector<std::string>& path) {
  std::vector<NativePluginEntry> found;
  for (const std::string& packages : path) {
    std::vector<NativePluginEntry> here;
    std::error_code failure;
    for (fs::directory_iterator entry(packages, failure), end; !failure && entry != end;
         entry.increment(failure)) {
      const fs::path& directory = entry->path();
      if (directory.extension() != ".dist-info") continue;
      std::optional<std::string> text;
      try {
        text = read_file_if_exists(directory / "entry_points.txt");
      } catch (const std::exception&) {
        continue;  // what cannot be read names nothing
      }
      if (!text || text->find(kGroup) == std::string::npos) continue;
      bool in_group = false;
      for (const std::string& line : split(*text, '\n')) {
        const std::string_view content = trim(line);
        if (content.starts_with('[')) in_group = content == kGroup;
        const std::size_t equals = content.find('=');
        if (!in_group || equals == std::string_view::npos) continue;
        const std::string_view name = trim(content.substr(0, equals));
        const fs::path package = directory_of(packages, trim(content.substr(equals + 1)));
        if (!is_plain(name) || package.empty()) continue;
        here.push_back({package / fmt::format("vdk_{}.json", name), directory.stem().string()});
      }
    }
    std::ranges::sort(here, {}, &NativePluginEntry::manifest);
    for (NativePluginEntry& entry : here) {
      if (std::ranges::find(found, entry.manifest, &NativePluginEntry::manifest) == found.end()) {
        found.push_back(std::move(entry));
      }
    }
  }
  return found;
}

Value to_value(const std::vector<NativePluginEntry>& entries) {
  Value::List list;
  for (const NativePluginEntry& entry : entries) {
    list.push_back(Value::List{entry.manifest.string(), entry.distribution});
  }
  return list;
}

std::vector<NativePluginEntry> native_entries_of(const Value& value) {
  std::vector<NativePluginEntry> entries;
  const Value::List* list = value.if_list();
  if (!list) return entries;
  for (const Value& entry : *list) {
    const Value::List* fields = entry.if_list();
    if (!fields || fields->size() != 2 || !(*fields)[0].if_string() || !(*fields)[1].if_string()) {
      continue;
    }
    entries.push_back({*(*fields)[0].if_string(), *(*fields)[1].if_string()});
  }
  return entries;
}

}  // namespace vdk
