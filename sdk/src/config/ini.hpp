// config.ini files as Python's configparser reads them: `=` and `:`, full-line comments with `#`
// and `;`, values over several indented lines, [DEFAULT], `%(name)s`. Beyond it: lines are known,
// and a byte-order mark is accepted.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vdk {

class IniFile {
 public:
  struct Entry {
    std::string key;   // in lower case
    std::string text;  // as written, `%` and all; lines joined by '\n'
    int line = 0;      // of the key
  };
  struct Section {
    std::string name;  // as written: names are case-sensitive
    int line = 0;
    std::vector<Entry> entries;
  };
  struct Setting {
    std::string key;
    std::string value;  // with `%(name)s` and `%%` resolved
    int line = 0;
  };

  // `file` names the file in errors. Throws Error (configuration) with file, line and remedy.
  [[nodiscard]] static IniFile parse(std::string_view text, std::string file);

  // In the order of the file, without [DEFAULT].
  [[nodiscard]] const std::vector<Section>& sections() const noexcept { return sections_; }
  [[nodiscard]] const Section& defaults() const noexcept { return defaults_; }
  [[nodiscard]] const Section* find(std::string_view section) const noexcept;

  // The section's own entry or that of [DEFAULT]; nothing where there is no such section or key.
  // Throws Error (configuration) where `%` is misused in the value: only what is read can fail.
  [[nodiscard]] std::optional<Setting> get(std::string_view section, std::string_view key) const;
  // Everything that a section has, [DEFAULT]'s keys last; none where there is no such section.
  // Throws as get.
  [[nodiscard]] std::vector<Setting> settings(std::string_view section) const;

 private:
  class Parser;
  class Interpolation;

  std::string file_;
  Section defaults_{"DEFAULT", 0, {}};
  std::vector<Section> sections_;
};

}  // namespace vdk
