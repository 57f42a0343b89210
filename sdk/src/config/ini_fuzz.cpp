// Parsing and reading config.ini never crash, and what was parsed survives being written and parsed
// again.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "config/ini.hpp"
#include "vdk/base/error.hpp"

namespace {

using vdk::IniFile;

void require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

void write(std::string& text, const IniFile::Section& section) {
  text += "[" + section.name + "]\n";
  for (const IniFile::Entry& entry : section.entries) {
    text += entry.key + " = ";
    for (const char c : entry.text) {
      text += c;
      if (c == '\n') {
        text += '\t';
      }
    }
    text += '\n';
  }
}

void require_same(const IniFile::Section& left, const IniFile::Section& right) {
  require(left.name == right.name && left.entries.size() == right.entries.size());
  for (std::size_t i = 0; i < left.entries.size(); ++i) {
    require(left.entries[i].key == right.entries[i].key &&
            left.entries[i].text == right.entries[i].text);
  }
}

void check_lines(const IniFile::Section& section, std::string_view text) {
  const auto last =
      std::count_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }) + 1;
  for (const IniFile::Entry& entry : section.entries) {
    require(entry.line >= 1 && entry.line <= last);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const IniFile ini = IniFile::parse(text, "config.ini");
    std::string written;
    write(written, ini.defaults());
    for (const IniFile::Section& section : ini.sections()) {
      write(written, section);
      check_lines(section, text);
      require(ini.find(section.name) == &section);
    }
    const IniFile again = IniFile::parse(written, "written");
    require_same(ini.defaults(), again.defaults());
    require(ini.sections().size() == again.sections().size());
    for (std::size_t i = 0; i < ini.sections().size(); ++i) {
      require_same(ini.sections()[i], again.sections()[i]);
    }
    for (const IniFile::Section& section : ini.sections()) {
      try {
        for (const IniFile::Setting& setting : ini.settings(section.name)) {
          require(ini.get(section.name, setting.key)->value == setting.value);
        }
      } catch (const vdk::Error& error) {
        require(error.resolvable_by() == vdk::ResolvableBy::configuration);
      }
    }
  } catch (const vdk::Error& error) {
    require(error.resolvable_by() == vdk::ResolvableBy::configuration);
    require(error.text().what.starts_with("config.ini:"));
  }
  return 0;
}
