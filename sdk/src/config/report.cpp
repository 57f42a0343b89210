#include "config/report.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/text.hpp"
#include "config/convert.hpp"

namespace vdk {

namespace {

constexpr std::size_t kDescriptionStart = 40;
constexpr std::size_t kDescriptionWidth = 60;
constexpr std::string_view kHidden = "***";

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  constexpr std::string_view kBlanks = " \t\v\f";
  for (std::size_t begin = line.find_first_not_of(kBlanks); begin != std::string_view::npos;
       begin = line.find_first_not_of(kBlanks, begin)) {
    const std::size_t end = std::min(line.find_first_of(kBlanks, begin), line.size());
    words.push_back(line.substr(begin, end - begin));
    begin = end;
  }
  return words;
}

// "name    description", the description wrapped and its further lines indented. Words are never
// broken.
std::string help_entry(std::string_view name, std::string_view description) {
  std::string entry(name);
  // Two blanks keep apart a long name and its description, and count for the first line.
  const bool long_name = name.size() >= kDescriptionStart;
  entry.append(long_name ? 2 : kDescriptionStart - name.size(), ' ');
  std::size_t column = long_name ? 2 : 0;

  bool first = true;
  std::string_view rest = description;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find_first_of("\r\n"), rest.size());
    bool line_begins = true;
    for (const std::string_view word : words_of(rest.substr(0, end))) {
      const std::size_t width = display_width(word);
      const bool fits = column + width + (column > 0 && !line_begins ? 1 : 0) <= kDescriptionWidth;
      if (!first && (line_begins || !fits)) {
        entry += '\n';
        entry.append(kDescriptionStart, ' ');
        column = 0;
      } else if (!line_begins) {
        entry += ' ';
        ++column;
      }
      entry += word;
      column += width;
      first = false;
      line_begins = false;
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return entry;
}

struct HelpEntries {
  std::map<std::string, std::string> providers;
  std::map<std::string, std::string> options;  // "key", or "section.key" outside the main section
};

HelpEntries help_entries(const Configuration& configuration) {
  HelpEntries entries;
  for (const std::string& section : configuration.sections()) {
    for (const std::string& key : configuration.keys(section)) {
      if (!configuration.option(key, section)) {
        continue;
      }
      std::string description = configuration.description(key, section);
      if (key.starts_with(kProviderPrefix)) {
        entries.providers.emplace(trim(std::string_view(key).substr(kProviderPrefix.size())),
                                  std::move(description));
      } else {
        entries.options.emplace(section == kMainSection ? key : fmt::format("{}.{}", section, key),
                                std::move(description));
      }
    }
  }
  return entries;
}

std::string help_list(const std::map<std::string, std::string>& entries) {
  std::string list;
  for (const auto& [name, description] : entries) {
    if (!list.empty()) {
      list += "\n\n";
    }
    list += help_entry(name, description);
  }
  return list;
}

std::string_view type_name(const Value& value) {
  if (value.if_bool()) {
    return "boolean";
  }
  if (value.if_integer() || value.if_big_integer()) {
    return "integer";
  }
  if (value.if_real()) {
    return "number";
  }
  if (value.if_list()) {
    return "list";
  }
  if (value.if_map()) {
    return "object";
  }
  return "text";
}

// `scheme://user:password@host` without the password.
std::string without_url_password(const std::string& text) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string::npos) {
    return text;
  }
  const std::size_t authority = scheme + 3;
  const std::size_t end = std::min(text.find_first_of("/?#", authority), text.size());
  const std::size_t at = text.rfind('@', end);
  const std::size_t colon = text.find(':', authority);
  if (at == std::string::npos || at < authority || colon == std::string::npos || colon >= at) {
    return text;
  }
  return fmt::format("{}{}{}", text.substr(0, colon + 1), kHidden, text.substr(at));
}

struct Explanation {
  std::string section;
  std::string key;
  bool sensitive = false;
  Assignment effective;
  std::vector<Assignment> overrode;  // the last one first
};

Value shown(const Value& value, const Origin& origin, bool sensitive) {
  const std::string* const text = value.if_string();
  const bool hide = sensitive || origin.kind == OriginKind::secret;
  if (value.is_null() || (text && text->empty()) || origin.kind == OriginKind::default_value) {
    return value;
  }
  if (hide) {
    return kHidden;
  }
  return text ? Value{without_url_password(*text)} : value;
}

std::optional<Explanation> explain(const Configuration& configuration, const std::string& key,
                                   const std::string& section, bool everything) {
  const bool by_default = configuration.is_default(key, section);
  // The second name of the team says nothing new.
  const bool hidden = by_default || key == kTeamAlias;
  if (key.starts_with(kProviderPrefix) || (hidden && !everything)) {
    return std::nullopt;
  }
  const Value value = configuration.get(key, section);
  // A number under such a name counts things ("token_lifetime") unless its option says otherwise.
  const bool sensitive = configuration.is_sensitive(key, section) ||
                         (names_a_secret(key) && (value.if_string() || value.is_null()));

  std::vector<Assignment> history = configuration.history(key, section);
  Explanation explanation{
      .section = section, .key = key, .sensitive = sensitive, .effective = {}, .overrode = {}};
  if (by_default) {
    explanation.effective = {shown(value, {}, sensitive), {}};
    return explanation;
  }
  for (Assignment& assignment : history) {
    assignment.value = shown(assignment.value, assignment.origin, sensitive);
  }
  explanation.effective = std::move(history.back());
  history.pop_back();
  explanation.overrode.assign(history.rbegin(), history.rend());
  return explanation;
}

std::vector<Explanation> explain_all(const Configuration& configuration, bool everything) {
  std::vector<Explanation> all;
  for (const std::string& section : configuration.sections()) {
    for (const std::string& key : configuration.keys(section)) {
      if (auto explanation = explain(configuration, key, section, everything)) {
        all.push_back(std::move(*explanation));
      }
    }
  }
  return all;
}

std::string on_one_line(const Value& value) {
  if (value.is_null()) {
    return "(none)";
  }
  const std::string text = to_python_text(value);
  return text.empty() ? "(empty)" : replace_all(replace_all(text, "\r", "\\r"), "\n", "\\n");
}

std::string_view kind_name(OriginKind kind) {
  switch (kind) {
    case OriginKind::default_value:
      return "default";
    case OriginKind::config_ini:
      return "config.ini";
    case OriginKind::plugin:
      return "plugin";
    case OriginKind::environment:
      return "environment";
    case OriginKind::command_line:
      return "command line";
    case OriginKind::secret:
      return "secret";
  }
  return "default";
}

void add_origin(Value& object, const Origin& origin) {
  object.set("origin", kind_name(origin.kind));
  object.set("where", origin.where);
}

}  // namespace

std::string config_help_text(const Configuration& configuration) {
  const HelpEntries entries = help_entries(configuration);
  const std::string providers = help_list(entries.providers);
  return fmt::format(
      "\nConfiguring VDK is done via:\n{0}\n-----------\n\n"
      "List of configuration variables:\n{1}\n\n------------\n\n"
      "How to set them?\n\n"
      "The above listed configuration variables can be set using following configuration "
      "providers:\n\n{0}\n",
      providers, help_list(entries.options));
}

Value config_help_json(const Configuration& configuration) {
  Value::List providers;
  for (const auto& [name, description] : help_entries(configuration).providers) {
    Value provider;
    provider.set("name", name);
    provider.set("description", description);
    providers.push_back(std::move(provider));
  }
  Value::List options;
  for (const std::string& section : configuration.sections()) {
    for (const std::string& key : configuration.keys(section)) {
      const Option* const option = configuration.option(key, section);
      if (!option || key.starts_with(kProviderPrefix)) {
        continue;
      }
      Value entry;
      entry.set("section", section);
      entry.set("key", key);
      entry.set("type", type_name(option->default_value));
      entry.set("default", option->show_default ? option->default_value : Value{});
      entry.set("description", option->description);
      entry.set("sensitive", option->sensitive);
      entry.set("variable", variable_name(key, section));
      options.push_back(std::move(entry));
    }
  }
  Value help;
  help.set("providers", std::move(providers));
  help.set("options", std::move(options));
  return help;
}

std::string explain_text(const Configuration& configuration, bool everything) {
  constexpr std::size_t kWidestAligned = 40;
  const std::vector<Explanation> all = explain_all(configuration, everything);
  if (all.empty()) {
    return "Nothing is set: every option has its default.\n";
  }

  std::size_t key_width = 0;
  std::size_t value_width = 0;
  for (const Explanation& entry : all) {
    key_width = std::max(key_width, std::min(display_width(entry.key), kWidestAligned));
    value_width = std::max(
        value_width, std::min(display_width(on_one_line(entry.effective.value)), kWidestAligned));
  }
  const auto pad = [](std::string& text, std::string_view cell, std::size_t width) {
    text += cell;
    const std::size_t used = display_width(cell);
    if (used < width) {
      text.append(width - used, ' ');
    }
  };

  std::string text;
  std::string_view section;
  for (const Explanation& entry : all) {
    if (entry.section != section) {
      section = entry.section;
      text += fmt::format("{}[{}]\n", text.empty() ? "" : "\n", section);
    }
    pad(text, entry.key, key_width);
    text += " = ";
    pad(text, on_one_line(entry.effective.value), value_width);
    text += fmt::format("  from {}", describe(entry.effective.origin));
    std::string_view lead = ", overrides ";
    for (const Assignment& former : entry.overrode) {
      const bool empty_default =
          former.origin.kind == OriginKind::default_value && to_python_text(former.value).empty();
      if (empty_default) {
        continue;
      }
      text += fmt::format("{}{} ({})", lead, on_one_line(former.value), describe(former.origin));
      lead = ", ";
    }
    text += '\n';
  }
  return text;
}

Value explain_json(const Configuration& configuration, bool everything) {
  Value::List entries;
  for (Explanation& entry : explain_all(configuration, everything)) {
    Value object;
    object.set("section", std::move(entry.section));
    object.set("key", std::move(entry.key));
    object.set("value", std::move(entry.effective.value));
    add_origin(object, entry.effective.origin);
    object.set("sensitive", entry.sensitive);
    Value::List overrode;
    for (Assignment& former : entry.overrode) {
      Value overridden;
      overridden.set("value", std::move(former.value));
      add_origin(overridden, former.origin);
      overrode.push_back(std::move(overridden));
    }
    object.set("overrode", std::move(overrode));
    entries.push_back(std::move(object));
  }
  return entries;
}

}  // namespace vdk
