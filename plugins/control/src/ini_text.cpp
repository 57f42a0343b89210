#include "ini_text.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace vdk::control {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

}  // namespace

std::string trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n\f\v";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(blanks) - first + 1));
}

IniText IniText::parse(std::string_view text) {
  IniText ini;
  std::string section;
  std::set<std::string> sections;
  bool continues = false;  // whether an indented line belongs to the entry before
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string content = trimmed(line);
    if (content.empty() || content[0] == '#' || content[0] == ';') continue;
    if (continues && (line[0] == ' ' || line[0] == '\t')) {
      ini.entries_.back().value += '\n' + content;
      continue;
    }
    if (content[0] == '[' && content.back() == ']') {
      section = content.substr(1, content.size() - 2);
      if (!sections.insert(section).second && ini.repeated_.empty()) {
        ini.repeated_ = "the section [" + section + ']';
      }
      continues = false;
      continue;
    }
    const std::size_t separator = content.find_first_of("=:");
    if (separator == std::string::npos) continue;
    const std::string_view whole = content;
    std::string key = lower(trimmed(whole.substr(0, separator)));
    if (ini.get(section, key) && ini.repeated_.empty()) {
      ini.repeated_ = "the key '" + key + "' of the section [" + section + ']';
    }
    ini.entries_.push_back({section, std::move(key), trimmed(whole.substr(separator + 1))});
    continues = true;
  }
  return ini;
}

std::optional<std::string> IniText::get(std::string_view section, std::string_view key) const {
  std::optional<std::string> found;
  for (const Entry& entry : entries_) {
    if (entry.section == section && entry.key == key) found = entry.value;
  }
  return found;
}

void IniText::set(std::string_view section, std::string_view key,
                  std::optional<std::string> value) {
  std::erase_if(entries_,
                [&](const Entry& entry) { return entry.section == section && entry.key == key; });
  if (value) entries_.push_back({std::string(section), std::string(key), std::move(*value)});
}

std::string IniText::text() const {
  std::string text;
  std::vector<std::string> done;
  for (const Entry& first : entries_) {
    if (std::ranges::find(done, first.section) != done.end()) continue;
    done.push_back(first.section);
    text += '[' + first.section + "]\n";
    for (const Entry& entry : entries_) {
      if (entry.section != first.section) continue;
      text += entry.key + " = ";
      for (const char c : entry.value) {
        text += c;
        if (c == '\n') text += '\t';
      }
      text += '\n';
    }
    text += '\n';
  }
  return text;
}

}  // namespace vdk::control
