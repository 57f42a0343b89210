#include "vdk/config/configuration.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.hpp"
#include "config/convert.hpp"
#include "vdk/base/error.hpp"

namespace vdk {

namespace {

// A name in lower case; copies only where it is not so already.
class Folded {
 public:
  explicit Folded(std::string_view name) : view_(name) {
    if (std::ranges::none_of(name, [](char c) { return c >= 'A' && c <= 'Z'; })) {
      return;
    }
    copy_ = lower(name);
    view_ = copy_;
  }
  Folded(const Folded&) = delete;
  Folded& operator=(const Folded&) = delete;
  ~Folded() = default;

  [[nodiscard]] std::string_view view() const noexcept { return view_; }
  [[nodiscard]] bool empty() const noexcept { return view_.empty(); }

 private:
  std::string copy_;
  std::string_view view_;
};

std::string_view main_if_empty(std::string_view section) noexcept {
  return section.empty() ? kMainSection : section;
}

// `key` without a leading `<section>_`, or nothing where it has none.
std::optional<std::string_view> without_section(std::string_view key, std::string_view section) {
  if (key.size() <= section.size() + 1 || !key.starts_with(section) || key[section.size()] != '_') {
    return std::nullopt;
  }
  return key.substr(section.size() + 1);
}

std::string full_name(std::string_view key, std::string_view section) {
  if (lower(section) == kMainSection) {
    return std::string(key);
  }
  return fmt::format("{}.{}", section, key);
}

}  // namespace

const Configuration::Entry* Configuration::find(std::string_view key,
                                                std::string_view section) const {
  const Folded folded_section(main_if_empty(section));
  const auto entries = sections_.find(folded_section.view());
  if (entries == sections_.end()) {
    return nullptr;
  }
  const Folded folded_key(key);
  auto entry = entries->second.find(folded_key.view());
  if (entry == entries->second.end()) {
    const auto bare = without_section(folded_key.view(), folded_section.view());
    if (!bare) {
      return nullptr;
    }
    entry = entries->second.find(*bare);
  }
  return entry == entries->second.end() ? nullptr : &entry->second;
}

const Assignment* Configuration::winner(const Entry& entry) {
  // A null says "as if never set": plugins reset options that way.
  if (entry.assignments.empty() || entry.assignments.back().value.is_null()) {
    return nullptr;
  }
  return &entry.assignments.back();
}

Value Configuration::get(std::string_view key, std::string_view section) const {
  const Entry* entry = find(key, section);
  if (!entry) {
    return {};
  }
  if (const Assignment* assignment = winner(*entry)) {
    return assignment->value;
  }
  return entry->option ? entry->option->default_value : Value{};
}

std::string Configuration::get_string(std::string_view key, std::string_view section) const {
  const Value value = get(key, section);
  return value.is_null() ? std::string{} : to_python_text(value);
}

std::int64_t Configuration::get_integer(std::string_view key, std::string_view section) const {
  const Value converted = get_as(key, section, Value{0});
  if (const std::int64_t* integer = converted.if_integer()) {
    return *integer;
  }
  if (converted.is_null()) {
    return 0;
  }
  throw configuration_error({
      .what = fmt::format("The value {} of the configuration option {} is too large.",
                          to_python_text(converted), full_name(key, section)),
      .why = "It does not fit into 64 bits.",
      .consequence = "Whatever needs the option cannot work.",
      .countermeasure = "Use a smaller number.",
  });
}

bool Configuration::get_bool(std::string_view key, std::string_view section) const {
  const Value converted = get_as(key, section, Value{false});
  const bool* truth = converted.if_bool();
  return truth && *truth;
}

Value Configuration::get_as(std::string_view key, std::string_view section,
                            const Value& type) const {
  const Entry* entry = find(key, section);
  if (!entry) {
    return {};
  }
  const Assignment* assignment = winner(*entry);
  Option typed{.key = std::string(key), .default_value = type, .section = std::string(section)};
  if (entry->option) {
    typed.sensitive = entry->option->sensitive;
  }
  return convert(typed, get(key, section), assignment ? assignment->origin : Origin{});
}

Value Configuration::get_required(std::string_view key, std::string_view section) const {
  Value value = get(key, section);
  if (!value.is_null()) {
    return value;
  }
  const bool in_main = section.empty() || lower(section) == kMainSection;
  throw configuration_error({
      .what = fmt::format("The configuration option {} is required and has no value.",
                          full_name(key, section)),
      .why = "No config.ini, environment variable, -c option, plugin or secret sets it.",
      .consequence = "Whatever needs the option cannot work.",
      .countermeasure = fmt::format(
          "Set it in section [{}{}] of the job's config.ini{}.", in_main ? "" : "vdk_",
          in_main ? kMainSection : section,
          in_main ? fmt::format(", or as the environment variable {}", variable_name(key))
                  : std::string{}),
  });
}

bool Configuration::is_default(std::string_view key, std::string_view section) const {
  const Entry* entry = find(key, section);
  return entry && !winner(*entry);
}

bool Configuration::is_sensitive(std::string_view key, std::string_view section) const {
  const Entry* entry = find(key, section);
  return entry && entry->option && entry->option->sensitive;
}

std::string Configuration::description(std::string_view key, std::string_view section) const {
  const Entry* entry = find(key, section);
  if (!entry || !entry->option) {
    return {};
  }
  const Option& option = *entry->option;
  std::string text = option.description.empty() ? "No description provided." : option.description;
  if (option.sensitive) {
    text += " This option is marked as sensitive.";
  }
  const std::string* const text_default = option.default_value.if_string();
  const bool empty_default =
      option.default_value.is_null() || (text_default && text_default->empty());
  if (option.show_default && !empty_default) {
    text += fmt::format(" Default value: {}.", to_python_text(option.default_value));
  }
  return text;
}

std::vector<std::string> Configuration::sections() const {
  std::vector<std::string> names{std::string(kMainSection)};
  for (const auto& [name, entries] : sections_) {
    if (name != kMainSection) {
      names.push_back(name);
    }
  }
  return names;
}

std::vector<std::string> Configuration::keys(std::string_view section) const {
  std::vector<std::string> names;
  const Folded folded(main_if_empty(section));
  const auto entries = sections_.find(folded.view());
  if (entries == sections_.end()) {
    return names;
  }
  names.reserve(entries->second.size());
  for (const auto& [name, entry] : entries->second) {
    names.push_back(name);
  }
  return names;
}

const Option* Configuration::option(std::string_view key, std::string_view section) const {
  const Entry* entry = find(key, section);
  return entry && entry->option ? &*entry->option : nullptr;
}

std::vector<Assignment> Configuration::history(std::string_view key,
                                               std::string_view section) const {
  const Entry* entry = find(key, section);
  if (!entry) {
    return {};
  }
  std::vector<Assignment> all;
  all.reserve(entry->assignments.size() + 1);
  if (entry->option && !entry->option->default_value.is_null()) {
    all.push_back({entry->option->default_value, {}});
  }
  all.insert(all.end(), entry->assignments.begin(), entry->assignments.end());
  return all;
}

void Configuration::for_each(const Visitor& visit) const {
  for (const auto& [section, entries] : sections_) {
    for (const auto& [key, entry] : entries) {
      visit(section, key, entry.option ? &*entry.option : nullptr, entry.assignments);
    }
  }
}

void Configuration::override_value(std::string_view key, Value value, Origin origin,
                                   std::string_view section) {
  // The map is this object's own, so what find() found may change.
  auto* entry = const_cast<Entry*>(find(key, section));
  if (entry) {
    entry->assignments.push_back({std::move(value), std::move(origin)});
    return;
  }
  if (section.empty() || lower(section) == kMainSection) {
    return;
  }
  throw configuration_error({
      .what =
          fmt::format("There is no configuration option {} to override.", full_name(key, section)),
      .why = fmt::format("Section {} is not configured, or has no such key.", section),
      .consequence = "The value was not changed.",
      .countermeasure = "Check the names of the section and of the key.",
  });
}

ConfigurationBuilder& ConfigurationBuilder::add(Option option) {
  option.key = lower(option.key);
  option.section = lower(main_if_empty(option.section));
  Configuration::Entry& entry = configuration_.sections_[option.section][option.key];
  for (Assignment& assignment : entry.assignments) {
    assignment.value = convert(option, assignment.value, assignment.origin);
  }
  entry.option = std::move(option);
  return *this;
}

ConfigurationBuilder& ConfigurationBuilder::set(std::string_view key, Value value, Origin origin,
                                                std::string_view section) {
  const Folded folded_section(main_if_empty(section));
  const Folded folded_key(key);
  auto& sections = configuration_.sections_;
  auto entries = sections.find(folded_section.view());
  if (entries == sections.end()) {
    entries = sections.try_emplace(std::string(folded_section.view())).first;
  }
  auto found = entries->second.find(folded_key.view());
  if (found == entries->second.end()) {
    found = entries->second.try_emplace(std::string(folded_key.view())).first;
  }
  Configuration::Entry& entry = found->second;
  if (entry.option) {
    value = convert(*entry.option, std::move(value), origin);
  }

  const auto same = std::ranges::find_if(entry.assignments, [&origin](const Assignment& other) {
    return other.origin.kind == origin.kind && other.origin.where == origin.where;
  });
  if (same != entry.assignments.end()) entry.assignments.erase(same);
  // Sources may come in any order: behind everything that this one wins over.
  const auto place =
      std::ranges::upper_bound(entry.assignments, origin.kind, {},
                               [](const Assignment& other) { return other.origin.kind; });
  entry.assignments.insert(place, {std::move(value), std::move(origin)});
  return *this;
}

}  // namespace vdk
