// The few things that this client reads and writes in files of Python's configparser.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vdk::control {

// Sections of keys with values; keys are compared in lower case, the last value counts.
class IniText {
 public:
  [[nodiscard]] static IniText parse(std::string_view text);

  [[nodiscard]] std::optional<std::string> get(std::string_view section,
                                               std::string_view key) const;
  // Sets or, without a value, removes the key.
  void set(std::string_view section, std::string_view key, std::optional<std::string> value);
  // What is there twice, which a run refuses to read: "the section [job]". Empty where nothing is.
  [[nodiscard]] const std::string& repeated() const noexcept { return repeated_; }
  // Without comments.
  [[nodiscard]] std::string text() const;

 private:
  struct Entry {
    std::string section, key, value;
  };
  std::vector<Entry> entries_;
  std::string repeated_;
};

// Blanks and line ends at both ends removed.
[[nodiscard]] std::string trimmed(std::string_view text);

}  // namespace vdk::control
