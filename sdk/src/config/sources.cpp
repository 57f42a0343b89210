#include "config/sources.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "config/convert.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"

#ifdef __APPLE__
#include <crt_externs.h>
#endif

namespace vdk {

namespace {

constexpr std::string_view kFileName = "config.ini";
constexpr std::string_view kSubSectionPrefix = "vdk_";
constexpr std::string_view kVariablePrefix = "VDK_";

// What the fixed sections of config.ini may hold, for runs and for deployments.
struct FixedSection {
  std::string_view name;
  std::vector<std::string> keys;
};

const std::array<FixedSection, 3>& fixed_sections() {
  static const std::array<FixedSection, 3> known = {{
      {"owner", {"team"}},
      {"job",
       {"schedule_cron", "schedule_time_zone", "schedule_overlap", "schedule_deadline_seconds",
        "python_version", "db_default_type"}},
      {"contacts",
       {"notified_on_job_failure_user_error", "notified_on_job_failure_platform_error",
        "notified_on_job_success", "notified_on_job_deploy", "enable_attempt_notifications",
        "enable_execution_notifications", "notification_delay_period_minutes"}},
  }};
  return known;
}

// Lists of recipients are separated by ';' or ','; who sends the mails knows ';' only.
std::string recipients(std::string_view text) {
  std::vector<std::string> addresses = split_list(replace_all(text, ";", ","));
  return join(addresses, ";");
}

// Where two keys have one variable name, the plainer spelling wins: `a_b`, then `a.b`, `a-b`,
// others.
int spelling_rank(std::string_view key) noexcept {
  const bool dots = key.find('.') != std::string_view::npos;
  const bool dashes = key.find('-') != std::string_view::npos;
  if (dots && dashes) {
    return 3;
  }
  if (dashes) {
    return 2;
  }
  return dots ? 1 : 0;
}

struct Target {
  std::string section;
  std::string key;

  // Sections before the main one, longer names before shorter ones, then by spelling.
  [[nodiscard]] bool precedes(const Target& other) const noexcept {
    const auto weight = [](const Target& target) {
      return target.section == kMainSection ? 0 : target.section.size() + 1;
    };
    if (weight(*this) != weight(other)) {
      return weight(*this) > weight(other);
    }
    return spelling_rank(key) < spelling_rank(other.key);
  }
};

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept {
    return std::hash<std::string_view>{}(text);
  }
};
using Targets = std::unordered_map<std::string, Target, TextHash, std::equal_to<>>;

using Names = std::unordered_set<std::string, TextHash, std::equal_to<>>;

// Which keys these names mean, written as environment variables without their prefix.
Targets targets_of(const Names& names, const Configuration& configuration) {
  Targets targets;
  std::string name;
  configuration.for_each([&](std::string_view section, std::string_view key, const Option*,
                             std::span<const Assignment>) {
    name.clear();
    if (section != kMainSection) {
      append_variable_name(name, section);
      name += '_';
    }
    append_variable_name(name, key);
    if (!names.contains(name)) {
      return;
    }
    Target target{std::string(section), std::string(key)};
    const auto [known, is_new] = targets.try_emplace(name);
    if (is_new || target.precedes(known->second)) {
      known->second = std::move(target);
    }
  });
  return targets;
}

// The longest section that can be split off `name` at one of `separators`, and in which `accept`
// likes the rest.
template <typename Accept>
std::optional<Target> split_section(const Configuration& configuration, std::string_view name,
                                    std::string_view separators, Accept accept) {
  std::optional<Target> best;
  for (const std::string& section : configuration.sections()) {
    if (section == kMainSection || name.size() <= section.size() + 1) {
      continue;
    }
    if (!name.starts_with(section) ||
        separators.find(name[section.size()]) == std::string_view::npos) {
      continue;
    }
    std::string key(name.substr(section.size() + 1));
    if ((best && best->section.size() >= section.size()) || !accept(section, key)) {
      continue;
    }
    best = Target{section, std::move(key)};
  }
  return best;
}

bool has_key(const Configuration& configuration, std::string_view key, std::string_view section) {
  return !configuration.history(key, section).empty() || configuration.option(key, section);
}

// Which option `-c NAME=...` means.
Target command_line_target(const Configuration& configuration, const std::string& name) {
  const std::string main(kMainSection);
  if (has_key(configuration, name, kMainSection)) {
    return {main, name};
  }
  const auto any = [](const std::string&, const std::string&) { return true; };
  if (auto target = split_section(configuration, name, ".", any)) {
    return *target;
  }
  // As environment variables: whichever of `.`, `-` and `_` the key has.
  std::string variable;
  append_variable_name(variable, name);
  const Targets targets = targets_of({variable}, configuration);
  if (const auto known = targets.find(variable); known != targets.end()) {
    return known->second;
  }
  const std::size_t dot = name.find('.');
  if (dot == std::string::npos || dot == 0 || dot + 1 == name.size()) {
    return {main, name};
  }
  std::string section = name.substr(0, dot);
  if (section.starts_with(kSubSectionPrefix) && section.size() > kSubSectionPrefix.size()) {
    section.erase(0, kSubSectionPrefix.size());
  }
  return {std::move(section), name.substr(dot + 1)};
}

std::vector<std::string> declared_keys(const Configuration& configuration,
                                       std::string_view section) {
  std::vector<std::string> declared = configuration.keys(section);
  std::erase_if(declared, [&](const std::string& key) {
    return key.starts_with(kProviderPrefix) || !configuration.option(key, section);
  });
  return declared;
}

std::string suggestion(std::string_view name, std::span<const std::string> candidates) {
  const std::optional<std::string> near = nearest_name(name, candidates);
  return near ? fmt::format(" Did you mean {}?", *near) : std::string{};
}

}  // namespace

JobConfig::JobConfig(const std::filesystem::path& job_directory) {
  const std::filesystem::path file = job_directory / kFileName;
  const std::optional<std::string> text = read_file_if_exists(file);
  if (!text) {
    return;
  }
  exists_ = true;
  ini_ = IniFile::parse(*text, file.string());
}

std::optional<std::string> JobConfig::get(std::string_view section, std::string_view key) const {
  std::optional<IniFile::Setting> setting = ini_.get(section, key);
  if (!setting) {
    return std::nullopt;
  }
  return std::move(setting->value);
}

std::optional<std::string> JobConfig::team() const {
  if (!exists_) {
    return std::nullopt;
  }
  return get("owner", "team").value_or("");
}

void JobConfig::apply(ConfigurationBuilder& builder) const {
  if (!exists_) {
    return;
  }
  const auto origin = [](int line) {
    return Origin{OriginKind::config_ini, fmt::format("{}:{}", kFileName, line)};
  };

  const std::optional<IniFile::Setting> team = ini_.get("owner", "team");
  for (const std::string_view key : {std::string_view("team"), kTeamAlias}) {
    builder.set(key, team ? team->value : std::string{},
                team ? origin(team->line) : Origin{OriginKind::config_ini, std::string(kFileName)});
  }
  for (const std::string_view key :
       {"notified_on_job_failure_user_error", "notified_on_job_success",
        "notified_on_job_failure_platform_error"}) {
    if (const auto setting = ini_.get("contacts", key)) {
      builder.set(key, recipients(setting->value), origin(setting->line));
    }
  }
  const auto attempts = ini_.get("contacts", "enable_attempt_notifications");
  if (attempts && !attempts->value.empty()) {
    builder.set(attempts->key, attempts->value, origin(attempts->line));
  }
  if (const auto version = ini_.get("job", "python_version")) {
    builder.set(version->key, version->value, origin(version->line));
  }

  const auto apply_section = [&](std::string_view name, std::string_view target) {
    for (IniFile::Setting& setting : ini_.settings(name)) {
      builder.set(setting.key, std::move(setting.value), origin(setting.line), target);
    }
  };
  apply_section(kMainSection, kMainSection);
  for (const IniFile::Section& section : ini_.sections()) {
    if (!section.name.starts_with(kSubSectionPrefix) || section.name == kSubSectionPrefix) {
      continue;
    }
    apply_section(section.name, std::string_view(section.name).substr(kSubSectionPrefix.size()));
  }
}

std::vector<std::string> JobConfig::warnings(const Configuration& configuration) const {
  std::vector<std::string> warnings;
  const auto warn = [&warnings](int line, std::string text) {
    warnings.push_back(fmt::format("{}:{}: {}", kFileName, line, text));
  };
  std::vector<std::string> section_names{std::string(kMainSection)};
  for (const FixedSection& known : fixed_sections()) {
    section_names.emplace_back(known.name);
  }

  for (const IniFile::Section& section : ini_.sections()) {
    if (section.name == kMainSection || section.name.starts_with(kSubSectionPrefix)) {
      continue;
    }
    const auto known = std::ranges::find(fixed_sections(), section.name, &FixedSection::name);
    if (known == fixed_sections().end()) {
      const std::string folded = lower(trim(section.name));
      std::optional<std::string> meant = nearest_name(folded, section_names);
      if (!meant && folded.starts_with(kSubSectionPrefix)) {
        meant = folded;
      }
      if (meant) {
        warn(section.line, fmt::format("nothing reads the section [{}]. Did you mean [{}]?",
                                       section.name, *meant));
      }
      continue;
    }
    for (const IniFile::Entry& entry : section.entries) {
      if (std::ranges::find(known->keys, entry.key) == known->keys.end()) {
        warn(entry.line, fmt::format("nothing reads the key '{}' of section [{}].{}", entry.key,
                                     section.name, suggestion(entry.key, known->keys)));
      } else if (entry.key == "db_default_type" && configuration.is_default(entry.key)) {
        warn(entry.line,
             "'db_default_type' in section [job] concerns deployments only. For local runs set it "
             "in "
             "section [vdk].");
      }
    }
  }
  return warnings;
}

void apply_environment(ConfigurationBuilder& builder,
                       std::span<const std::pair<std::string, std::string>> environment) {
  // What each variable may mean: itself; without its prefix; and, as upstream does, without the
  // prefix wherever it stands, however often.
  std::vector<std::string> whole_names;
  whole_names.reserve(environment.size());
  Names names;
  for (const auto& variable : environment) {
    std::string& whole = whole_names.emplace_back();
    append_variable_name(whole, variable.first);
    names.insert(whole);
    if (whole.find(kVariablePrefix) == std::string::npos) {
      continue;
    }
    if (whole.starts_with(kVariablePrefix)) {
      names.insert(whole.substr(kVariablePrefix.size()));
    }
    names.insert(replace_all(whole, kVariablePrefix, ""));
  }
  const Targets targets = targets_of(names, builder.current());
  const auto target_of = [&targets](std::string_view name) -> const Target* {
    const auto found = targets.find(name);
    return found == targets.end() ? nullptr : &found->second;
  };
  using Hit = std::pair<const std::pair<std::string, std::string>*, const Target*>;
  std::vector<Hit> plain;
  std::vector<Hit> prefixed;
  for (std::size_t i = 0; i < environment.size(); ++i) {
    const std::string_view whole(whole_names[i]);
    if (whole.starts_with(kVariablePrefix)) {
      if (const Target* target = target_of(whole.substr(kVariablePrefix.size()))) {
        prefixed.emplace_back(&environment[i], target);
        continue;
      }
    }
    const Target* target = target_of(whole);
    if (!target && whole.find(kVariablePrefix) != std::string_view::npos) {
      target = target_of(replace_all(whole, kVariablePrefix, ""));
    }
    if (target) {
      plain.emplace_back(&environment[i], target);
    }
  }
  for (const std::vector<Hit>* hits : {&plain, &prefixed}) {
    for (const auto& [variable, target] : *hits) {
      builder.set(target->key, variable->second, {OriginKind::environment, variable->first},
                  target->section);
    }
  }
}

std::vector<std::pair<std::string, std::string>> process_environment() {
#ifdef __APPLE__
  char** next = *_NSGetEnviron();
#else
  char** next = environ;
#endif
  std::vector<std::pair<std::string, std::string>> variables;
  for (; next && *next; ++next) {
    const std::string_view text(*next);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      continue;
    }
    variables.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

void apply_command_line(ConfigurationBuilder& builder, std::span<const std::string> settings) {
  for (const std::string& setting : settings) {
    const std::size_t equals = setting.find('=');
    const std::string name = lower(trim(std::string_view(setting).substr(0, equals)));
    if (equals == std::string::npos || name.empty()) {
      throw user_error({
          .what = fmt::format("Option -c needs KEY=VALUE, and was given '{}'.",
                              names_a_secret(lower(setting)) ? "***" : setting),
          .why = equals == std::string::npos ? "There is no '=' in it."
                                             : "There is no key before the '='.",
          .consequence = "Nothing was run.",
          .countermeasure =
              "Write for example -c db_default_type=duckdb. `vdk config-help` lists the keys.",
      });
    }
    const Target target = command_line_target(builder.current(), name);
    builder.set(target.key, setting.substr(equals + 1), {OriginKind::command_line, "-c"},
                target.section);
  }
}

void apply_secrets(Configuration& configuration, const Value& secrets) {
  const Value::Map* map = secrets.if_map();
  if (!map) {
    return;
  }
  for (const Member& secret : *map) {
    const std::string name = lower(secret.key);
    const auto known = [&configuration](const std::string& section, const std::string& key) {
      return has_key(configuration, key, section);
    };
    const Target target = split_section(configuration, name, "_", known)
                              .value_or(Target{std::string(kMainSection), name});
    const std::vector<Assignment> history = configuration.history(target.key, target.section);
    const bool in_environment = std::ranges::any_of(history, [](const Assignment& assignment) {
      return assignment.origin.kind == OriginKind::environment;
    });
    if (in_environment) {
      continue;
    }
    configuration.override_value(target.key, secret.value, {OriginKind::secret, secret.key},
                                 target.section);
  }
}

std::vector<std::string> unknown_key_warnings(const Configuration& configuration) {
  constexpr std::array<std::string_view, 2> kUndeclared = {"team", kTeamAlias};
  std::vector<std::string> warnings;
  for (const std::string& section : configuration.sections()) {
    const bool main = section == kMainSection;
    std::vector<std::string> unknown = configuration.keys(section);
    std::erase_if(unknown, [&](const std::string& key) {
      return configuration.option(key, section) ||
             (main && std::ranges::find(kUndeclared, key) != kUndeclared.end());
    });
    if (unknown.empty()) {
      continue;
    }
    const std::vector<std::string> declared = declared_keys(configuration, section);
    for (const std::string& key : unknown) {
      const std::vector<Assignment> history = configuration.history(key, section);
      const bool set_by_plugin = std::ranges::any_of(history, [](const Assignment& assignment) {
        return assignment.origin.kind == OriginKind::plugin;
      });
      if (set_by_plugin) {
        continue;
      }
      const auto& first = history.front().origin;
      // Sub-sections belong to plugins, which may read any key: only a section that nobody knows,
      // or whose keys somebody declared, can be judged.
      const bool judged = main || !declared.empty() || first.kind == OriginKind::command_line;
      if (!judged ||
          (first.kind != OriginKind::config_ini && first.kind != OriginKind::command_line)) {
        continue;
      }
      if (main) {
        warnings.push_back(fmt::format("{}: nobody knows the configuration option '{}'.{}",
                                       describe(first), key, suggestion(key, declared)));
      } else {
        warnings.push_back(
            fmt::format("{}: nobody knows the configuration option '{}' of section '{}'.{}",
                        describe(first), key, section, suggestion(key, declared)));
      }
    }
  }
  return warnings;
}

void redact_sensitive_values(const Configuration& configuration) {
  configuration.for_each([](std::string_view, std::string_view, const Option* option,
                            std::span<const Assignment> given) {
    const bool sensitive = option && option->sensitive;
    for (const Assignment& assignment : given) {
      const std::string* const text = assignment.value.if_string();
      const bool given_secret = assignment.origin.kind == OriginKind::secret;
      const bool set_by_somebody = assignment.origin.kind != OriginKind::default_value;
      if (text && set_by_somebody && (sensitive || given_secret)) {
        add_secret(*text);
      }
    }
  });
}

}  // namespace vdk
