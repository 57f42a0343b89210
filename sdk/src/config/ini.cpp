#include "config/ini.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>

#include <fmt/format.h>

#include "base/text.hpp"
#include "vdk/base/error.hpp"

namespace vdk {

namespace {

constexpr std::string_view kDefaultSection = "DEFAULT";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kConsequence =
    "The job's configuration cannot be read, so nothing was run.";

// As in Python: deeper references are taken for a cycle.
constexpr int kMaxDepth = 10;
// Ten levels of many references each would take any memory and time.
constexpr std::size_t kMaxReferences = 10'000;
constexpr std::size_t kMaxValueSize = std::size_t{1} << 20;

// The bytes of the white space character (as Python's str.isspace() sees it) that text starts with,
// or 0.
std::size_t leading_space(std::string_view text) noexcept {
  if (text.empty()) {
    return 0;
  }
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first == ' ' || (first >= 0x09 && first <= 0x0D) || (first >= 0x1C && first <= 0x1F)) {
    return 1;
  }
  if (first == 0xC2 && text.size() >= 2) {
    return byte(1) == 0x85 || byte(1) == 0xA0 ? 2 : 0;
  }
  if (text.size() < 3 || first < 0xE1 || first > 0xE3) {
    return 0;
  }
  const unsigned code_point = (first & 0x0FU) << 12U | (byte(1) & 0x3FU) << 6U | (byte(2) & 0x3FU);
  const bool space = code_point == 0x1680 || (code_point >= 0x2000 && code_point <= 0x200A) ||
                     code_point == 0x2028 || code_point == 0x2029 || code_point == 0x202F ||
                     code_point == 0x205F || code_point == 0x3000;
  return space ? 3 : 0;
}

std::string_view strip_right(std::string_view text) noexcept {
  while (!text.empty()) {
    std::size_t size = 0;
    for (std::size_t tail = 1; tail <= std::min<std::size_t>(3, text.size()) && size == 0; ++tail) {
      if (leading_space(text.substr(text.size() - tail)) == tail) {
        size = tail;
      }
    }
    if (size == 0) {
      break;
    }
    text.remove_suffix(size);
  }
  return text;
}

struct Stripped {
  std::string_view text;
  int indent = 0;  // characters of white space in front
};

Stripped strip(std::string_view line) noexcept {
  int indent = 0;
  while (const std::size_t size = leading_space(line)) {
    line.remove_prefix(size);
    ++indent;
  }
  return {strip_right(line), indent};
}

// Takes the next line off, without its end: `\n`, `\r\n` or `\r`.
std::string_view take_line(std::string_view& rest) noexcept {
  const std::size_t end = rest.find_first_of("\r\n");
  const std::string_view line = rest.substr(0, end);
  if (end == std::string_view::npos) {
    rest = {};
  } else {
    rest.remove_prefix(rest.substr(end).starts_with("\r\n") ? end + 2 : end + 1);
  }
  return line;
}

template <typename Entries>
auto find_entry(Entries& entries, std::string_view key) noexcept {
  return std::ranges::find(entries, key, &IniFile::Entry::key);
}

// A name as an error shows it: short.
std::string excerpt(std::string_view text) {
  constexpr std::size_t kLongest = 40;
  std::size_t size = std::min(text.size(), kLongest);
  // Not in the middle of a character.
  while (size > 0 && size < text.size() &&
         (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) {
    --size;
  }
  return fmt::format("{}{}", text.substr(0, size), size < text.size() ? "..." : "");
}

}  // namespace

class IniFile::Parser {
 public:
  Parser(std::string_view text, IniFile& ini) : rest_(text), ini_(ini) {}

  void run() {
    check_encoding();
    if (rest_.starts_with(kByteOrderMark)) {
      rest_.remove_prefix(kByteOrderMark.size());
    }
    while (!rest_.empty()) {
      ++line_;
      take(take_line(rest_));
    }
    finish_value();
  }

 private:
  void check_encoding() const {
    const bool utf16 = rest_.starts_with("\xFF\xFE") || rest_.starts_with("\xFE\xFF");
    const std::optional<std::size_t> invalid = find_invalid_utf8(rest_);
    if (!invalid) {
      return;
    }
    const std::string_view before = rest_.substr(0, *invalid);
    int line = 1;
    for (std::string_view lines = before; lines.find_first_of("\r\n") != std::string_view::npos;
         ++line) {
      take_line(lines);
    }
    fail(line, "the file is not UTF-8 text",
         utf16
             ? "It starts with a UTF-16 byte-order mark."
             : fmt::format("Byte 0x{:02X} at position {} of the file belongs to another encoding.",
                           static_cast<unsigned char>(rest_[*invalid]), *invalid),
         "Save the file with the encoding UTF-8.");
  }

  void take(std::string_view line) {
    const auto [text, indent] = strip(line);
    if (text.empty()) {
      // May be an empty line within a value; at its end it is dropped again.
      if (in_value_) {
        value_ += '\n';
      }
      return;
    }
    if (text.front() == '#' || text.front() == ';') {
      return;
    }
    if (in_value_ && indent > indent_) {
      value_ += '\n';
      value_ += text;
      return;
    }
    indent_ = indent;
    const std::size_t closing = text.rfind(']');
    if (text.front() == '[' && closing != std::string_view::npos && closing >= 2) {
      begin_section(text.substr(1, closing - 1));
    } else {
      begin_entry(text);
    }
  }

  void begin_section(std::string_view name) {
    finish_value();
    if (name == kDefaultSection) {
      section_ = kDefaults;
      if (ini_.defaults_.line == 0) {
        ini_.defaults_.line = line_;
      }
      return;
    }
    if (const Section* first = ini_.find(name)) {
      fail(line_, fmt::format("section [{}] appears twice", excerpt(name)),
           fmt::format("It begins in line {} already.", first->line),
           "Move the keys of both into one section.");
    }
    section_ = static_cast<std::ptrdiff_t>(ini_.sections_.size());
    ini_.sections_.push_back({.name = std::string(name), .line = line_, .entries = {}});
  }

  void begin_entry(std::string_view text) {
    finish_value();
    // Errors do not show the line: it may be part of a secret.
    if (section_ == kNone) {
      fail(line_, "there is no section header above this line", "Every key belongs to a section.",
           "Put a header such as [owner], [job] or [vdk] in a line above it.");
    }
    const std::size_t delimiter = text.find_first_of("=:");
    if (delimiter == std::string_view::npos) {
      fail(line_, "there is neither '=' nor ':' in this line",
           "The line is no section header, no comment and no KEY = VALUE. A value that goes on in "
           "the next "
           "line is indented there.",
           "Write KEY = VALUE, indent the line if it continues the value above, or start it with "
           "'#' if it is a "
           "comment.");
    }
    const std::string key = lower(strip_right(text.substr(0, delimiter)));
    if (key.empty()) {
      fail(line_, fmt::format("there is no key before '{}'", text[delimiter]),
           "Every value belongs to a key.", "Write KEY = VALUE.");
    }
    Section& section = current();
    if (const auto first = find_entry(section.entries, key); first != section.entries.end()) {
      fail(line_,
           fmt::format("the key '{}' appears twice in section [{}]", excerpt(key),
                       excerpt(section.name)),
           fmt::format("It is set in line {} already; upper and lower case do not matter.",
                       first->line),
           "Keep one of the two lines.");
    }
    section.entries.push_back({.key = key, .text = {}, .line = line_});
    value_ = strip(text.substr(delimiter + 1)).text;
    in_value_ = true;
  }

  void finish_value() {
    if (!in_value_) {
      return;
    }
    current().entries.back().text = strip_right(value_);
    in_value_ = false;
  }

  Section& current() {
    return section_ == kDefaults ? ini_.defaults_
                                 : ini_.sections_[static_cast<std::size_t>(section_)];
  }

  [[noreturn]] void fail(int line, std::string_view what, std::string why,
                         std::string remedy) const {
    throw configuration_error({.what = fmt::format("{}:{}: {}.", ini_.file_, line, what),
                               .why = std::move(why),
                               .consequence = std::string(kConsequence),
                               .countermeasure = std::move(remedy)});
  }

  static constexpr std::ptrdiff_t kNone = -2;
  static constexpr std::ptrdiff_t kDefaults = -1;

  std::string_view rest_;
  IniFile& ini_;
  int line_ = 0;
  int indent_ = 0;
  std::ptrdiff_t section_ = kNone;
  bool in_value_ = false;
  std::string value_;
};

// Resolves the references of one value, among the keys of its section and of [DEFAULT].
class IniFile::Interpolation {
 public:
  Interpolation(const IniFile& ini, const Section& section, const Entry& entry)
      : ini_(ini), section_(section), entry_(entry) {}

  std::string run() {
    expand(entry_.text, 1);
    return std::move(result_);
  }

 private:
  void expand(std::string_view rest, int depth) {
    if (depth > kMaxDepth) {
      fail_endless();
    }
    while (!rest.empty()) {
      const std::size_t percent = std::min(rest.find('%'), rest.size());
      append(rest.substr(0, percent));
      rest.remove_prefix(percent);
      if (rest.empty()) {
        return;
      }
      if (rest.starts_with("%%")) {
        append("%");
        rest.remove_prefix(2);
      } else if (rest.starts_with("%(")) {
        rest.remove_prefix(reference(rest, depth));
      } else {
        fail("has a single '%'", "'%' begins a reference to another key: %(key)s.",
             "Write '%%' for a percent sign.");
      }
    }
  }

  // Resolves the reference that the text starts with; returns its size.
  std::size_t reference(std::string_view text, int depth) {
    if (++references_ > kMaxReferences) {
      fail_endless();
    }
    const std::size_t closing = text.find(')');
    if (closing == std::string_view::npos || closing == 2 ||
        !text.substr(closing).starts_with(")s")) {
      fail("has an incomplete reference after '%('", "A reference is written %(key)s.",
           "Complete it, or write '%%' for a percent sign.");
    }
    const std::string key = lower(text.substr(2, closing - 2));
    const Entry* target = lookup(key);
    if (!target) {
      fail_unknown(key);
    }
    if (target->text.find('%') == std::string::npos) {
      append(target->text);
    } else {
      expand(target->text, depth + 1);
    }
    return closing + 2;
  }

  const Entry* lookup(std::string_view key) const {
    if (const auto own = find_entry(section_.entries, key); own != section_.entries.end()) {
      return &*own;
    }
    const auto common = find_entry(ini_.defaults_.entries, key);
    return common == ini_.defaults_.entries.end() ? nullptr : &*common;
  }

  void append(std::string_view text) {
    if (references_ > 0 && result_.size() + text.size() > kMaxValueSize) {
      fail_endless();
    }
    result_ += text;
  }

  [[noreturn]] void fail_endless() const {
    fail("refers to itself, or to too many others",
         "Its references take more than ten levels or 1 MiB.", "Write the value out.");
  }

  [[noreturn]] void fail_unknown(const std::string& key) const {
    std::vector<std::string> known;
    for (const Section* section : {&section_, &ini_.defaults_}) {
      std::ranges::transform(section->entries, std::back_inserter(known), &Entry::key);
    }
    const std::optional<std::string> near = nearest_name(key, known);
    fail(fmt::format("refers to '{}', which does not exist", excerpt(key)),
         fmt::format("%({})s stands for the value of another key of section [{}] or of [DEFAULT].",
                     excerpt(key), excerpt(section_.name)),
         near ? fmt::format("Did you mean %({})s? Write '%%' for a percent sign.", *near)
              : std::string("Set that key, or write '%%' for a percent sign."));
  }

  [[noreturn]] void fail(std::string_view problem, std::string_view why,
                         std::string_view remedy) const {
    throw configuration_error({
        .what = fmt::format("{}:{}: the value of '{}' {}.", ini_.file_, entry_.line,
                            excerpt(entry_.key), problem),
        .why = std::string(why),
        .consequence = std::string(kConsequence),
        .countermeasure = std::string(remedy),
    });
  }

  const IniFile& ini_;
  const Section& section_;
  const Entry& entry_;
  std::size_t references_ = 0;
  std::string result_;
};

IniFile IniFile::parse(std::string_view text, std::string file) {
  IniFile ini;
  ini.file_ = std::move(file);
  Parser(text, ini).run();
  return ini;
}

const IniFile::Section* IniFile::find(std::string_view section) const noexcept {
  const auto found = std::ranges::find(sections_, section, &Section::name);
  return found == sections_.end() ? nullptr : &*found;
}

std::optional<IniFile::Setting> IniFile::get(std::string_view section, std::string_view key) const {
  const Section* const own = find(section);
  if (!own) {
    return std::nullopt;
  }
  const std::string folded = lower(key);
  for (const Section* candidate : {own, &defaults_}) {
    const auto entry = find_entry(candidate->entries, folded);
    if (entry == candidate->entries.end()) {
      continue;
    }
    return Setting{
        .key = folded, .value = Interpolation(*this, *own, *entry).run(), .line = entry->line};
  }
  return std::nullopt;
}

std::vector<IniFile::Setting> IniFile::settings(std::string_view section) const {
  std::vector<Setting> all;
  const Section* const own = find(section);
  if (!own) {
    return all;
  }
  all.reserve(own->entries.size() + defaults_.entries.size());
  for (const Section* source : {own, &defaults_}) {
    for (const Entry& entry : source->entries) {
      const bool hidden =
          source == &defaults_ && find_entry(own->entries, entry.key) != own->entries.end();
      if (hidden) {
        continue;
      }
      all.push_back(
          {.key = entry.key, .value = Interpolation(*this, *own, entry).run(), .line = entry.line});
    }
  }
  return all;
}

}  // namespace vdk
