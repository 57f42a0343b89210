#include "state/state_router.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "base/text.hpp"
#include "state/file_store.hpp"
#include "state/memory_store.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"

namespace vdk {
namespace {

constexpr std::string_view kMemory = "memory";
constexpr std::string_view kFile = "file";
constexpr std::string_view kDefault = "default";

// An error of the user's under the class name that upstream gives it.
class NamedUserError : public Error {
 public:
  NamedUserError(std::string_view name, ErrorText text)
      : Error(ResolvableBy::user, std::move(text)), name_(name) {}
  [[nodiscard]] std::string type_name() const override { return name_; }

 private:
  std::string name_;
};

// What Python's str.split() splits at.
bool holds_white_space(std::string_view key) noexcept {
  constexpr std::string_view kAscii = " \t\n\v\f\r\x1C\x1D\x1E\x1F";
  if (key.find_first_of(kAscii) != std::string_view::npos) return true;
  constexpr std::array<std::string_view, 19> kOthers = {
      "\u0085", "\u00A0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003",
      "\u2004", "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200A",
      "\u2028", "\u2029", "\u202F", "\u205F", "\u3000"};
  return std::ranges::any_of(
      kOthers, [key](std::string_view blank) { return key.find(blank) != std::string_view::npos; });
}

void check(StateKind kind, const Value& map) {
  const StateWords words = words_of(kind);
  const std::string consequence = fmt::format("No {} was changed.", words.one);
  const Value::Map* members = map.if_map();
  if (members == nullptr) {
    throw NamedUserError(
        "ValueError",
        {.what = fmt::format("{} are one map of names to values.", words.title),
         .why = "Something else was given.",
         .consequence = consequence,
         .countermeasure = fmt::format("Give all {} of the job as a map.", words.many)});
  }
  for (const Member& member : *members) {
    if (holds_white_space(member.key)) {
      throw NamedUserError(
          "ValueError",
          {.what = fmt::format("The {} '{}' has white space in its name.", words.one, member.key),
           .why = fmt::format("Names of {} are text without white space.", words.many),
           .consequence = consequence,
           .countermeasure = "Choose another name, for example with underscores."});
    }
    if (member.value.if_bool() != nullptr) {
      throw NamedUserError(
          "ValueError",
          {.what = fmt::format("The value of the {} '{}' is a boolean.", words.one, member.key),
           .why = fmt::format("Values of {} are text, numbers, lists, maps or None.", words.many),
           .consequence = consequence,
           .countermeasure = "Store 1 and 0, or the texts \"true\" and \"false\"."});
    }
  }
}

// From now on no log, error or summary shows the value.
void hide(const Value& value) {
  if (const std::string* text = value.if_string()) add_secret(*text);
  if (const Value::List* list = value.if_list()) {
    for (const Value& element : *list) hide(element);
  }
  if (const Value::Map* map = value.if_map()) {
    for (const Member& member : *map) hide(member.value);
  }
}

}  // namespace

StateRouter::StateRouter(StateKind kind, const Configuration& configuration, std::string job_name,
                         std::string team)
    : kind_(kind),
      configuration_(configuration),
      job_name_(std::move(job_name)),
      team_(std::move(team)) {
  factories_.emplace(kMemory, [kind] { return std::make_unique<MemoryStore>(kind); });
  add_built_in(kFile, [kind] { return std::make_unique<FileStore>(kind); });
}

void StateRouter::add(std::string_view type, Factory factory) {
  built_in_.erase(std::string(type));
  factories_.insert_or_assign(std::string(type), std::move(factory));
}

void StateRouter::add_built_in(std::string_view type, Factory factory) {
  built_in_.emplace(type);
  factories_.insert_or_assign(std::string(type), std::move(factory));
}

std::string StateRouter::option(std::string_view name) const {
  const Value value = configuration_.get(fmt::format("{}_{}", words_of(kind_).many, name));
  return value.is_null() ? std::string() : std::string(trim(to_python_text(value)));
}

std::vector<std::string> StateRouter::types() const {
  std::vector<std::string> names;
  names.reserve(factories_.size());
  for (const auto& [name, factory] : factories_) names.push_back(name);
  return names;
}

void StateRouter::outlast_process() {
  outlasts_process_ = true;
  const std::lock_guard lock(mutex_);
  back_end_ = nullptr;
  cache_ = nullptr;
}

std::string StateRouter::chosen_type() const {
  std::string type = chosen_by_configuration();
  return outlasts_process_ && type == kMemory ? std::string(kFile) : type;
}

std::string StateRouter::chosen_by_configuration() const {
  const StateWords words = words_of(kind_);
  std::string configured = option("default_type");
  if (!configured.empty()) {
    if (factories_.contains(configured)) return configured;
    const std::optional<std::string> near = nearest_name(configured, types());
    throw configuration_error({
        .what = fmt::format("There is no back end '{}' for {}.", configured, words.many),
        .why =
            fmt::format("{}_default_type names it, and nothing registered it. Registered are: {}.",
                        words.many, join(types(), ", ")),
        .consequence = fmt::format("{} cannot be used.", words.title),
        .countermeasure = near ? fmt::format("Did you mean '{}'?", *near)
                               : "Correct the name, or install the plugin that provides it.",
    });
  }
  // What upstream would have counted: what comes with this program is none of it.
  std::vector<std::string> counted = types();
  std::erase_if(counted, [this](const std::string& type) { return built_in_.contains(type); });
  if (factories_.contains(kDefault)) return std::string(kDefault);
  if (counted.size() == 1) return counted.front();
  if (counted.size() == 2 && std::ranges::find(counted, kMemory) != counted.end()) {
    return counted.front() == kMemory ? counted.back() : counted.front();
  }
  throw configuration_error({
      .what = fmt::format("The back end of {} cannot be chosen.", words.many),
      .why = fmt::format("Several are registered: {}.", join(types(), ", ")),
      .consequence = fmt::format("{} cannot be used.", words.title),
      .countermeasure = fmt::format("Set {}_default_type to one of them.", words.many),
  });
}

std::unique_ptr<KeyValueStore> StateRouter::make_store(const std::string& type) const {
  std::unique_ptr<KeyValueStore> store = factories_.at(type)();
  if (store) return store;
  throw configuration_error(
      {.what = fmt::format("The back end '{}' for {} gave nothing.", type, words_of(kind_).many)});
}

StateRouter::BackEnd StateRouter::make_back_end() const {
  const StateWords words = words_of(kind_);
  BackEnd made;
  try {
    const std::string type = chosen_type();
    const std::vector<std::string> sequence = split_list(option("write_preprocess_sequence"));
    for (const std::string& name : sequence) {
      if (factories_.contains(name)) continue;
      throw configuration_error({
          .what = fmt::format("There is no write pre-processor '{}' for {}.", name, words.many),
          .why = fmt::format(
              "{}_write_preprocess_sequence names it, and nothing registered it. Registered "
              "are: {}.",
              words.many, join(types(), ", ")),
          .consequence = fmt::format("{} cannot be used.", words.title),
          .countermeasure = "Correct the name, or install the plugin that provides it.",
      });
    }
    made.store = make_store(type);
    for (const std::string& name : sequence)
      made.preprocessors.emplace_back(name, make_store(name));
  } catch (const Error& error) {
    made.failure = error.text();
  } catch (const std::exception& error) {
    made.failure = ErrorText{.what = fmt::format("The back end of {} cannot be made.", words.many),
                             .why = std::string(first_line(error.what()))};
  }
  if (made.failure) {
    made.store = nullptr;
    log(LogLevel::warning, "vdk.state",
        fmt::format("{} A step that reads or writes {} will fail.", made.failure->what,
                    words.many));
  }
  return made;
}

std::shared_ptr<const StateRouter::BackEnd> StateRouter::back_end() {
  {
    const std::lock_guard lock(mutex_);
    if (back_end_) return back_end_;
  }
  auto made = std::make_shared<const BackEnd>(make_back_end());
  const std::lock_guard lock(mutex_);
  if (!back_end_) back_end_ = std::move(made);  // another thread may have been faster
  return back_end_;
}

std::shared_ptr<const StateRouter::BackEnd> StateRouter::usable_back_end() {
  std::shared_ptr<const BackEnd> found = back_end();
  if (found->store) return found;
  throw configuration_error(*found->failure);
}

bool StateRouter::available() noexcept {
  try {
    return back_end()->store != nullptr;
  } catch (...) {
    return false;  // out of memory
  }
}

std::shared_ptr<const Value> StateRouter::cached() {
  const std::shared_ptr<const BackEnd> used = usable_back_end();
  unsigned writes = 0;
  {
    const std::lock_guard lock(mutex_);
    if (cache_) return cache_;
    writes = writes_;
  }
  auto read = std::make_shared<const Value>(used->store->read(job_name_, team_));
  if (kind_ == StateKind::secrets) hide(*read);
  const std::lock_guard lock(mutex_);
  if (writes == writes_) cache_ = read;  // else it may be older than what was written meanwhile
  return read;
}

Value StateRouter::all() { return *cached(); }

Value StateRouter::get(std::string_view name, Value default_value) {
  const std::shared_ptr<const Value> map = cached();
  const Value* found = map->find(name);
  if (found != nullptr) return *found;
  return default_value;
}

void StateRouter::set_all(Value map) {
  const StateWords words = words_of(kind_);
  const std::shared_ptr<const BackEnd> used = usable_back_end();
  if (kind_ == StateKind::secrets) hide(map);
  for (const auto& [name, preprocessor] : used->preprocessors) {
    try {
      map = preprocessor->write(job_name_, team_, map);
    } catch (const Cancelled&) {
      throw;
    } catch (const ExitRequested&) {
      throw;
    } catch (const std::exception& error) {
      throw NamedUserError(
          kind_ == StateKind::secrets ? "WritePreProcessSecretsException"
                                      : "WritePreProcessPropertiesException",
          {.what = fmt::format("The write pre-processor '{}' of {} failed.", name, words.many),
           .why = std::string(first_line(error.what())),
           .consequence = fmt::format("No {} was changed.", words.one),
           .countermeasure = fmt::format("Correct what it complains about, or take it out of "
                                         "{}_write_preprocess_sequence.",
                                         words.many)});
    }
  }
  check(kind_, map);
  used->store->write(job_name_, team_, map);
  const std::lock_guard lock(mutex_);
  cache_ = nullptr;
  ++writes_;
}

void declare_state_options(ConfigurationBuilder& builder) {
  for (const StateKind kind : {StateKind::properties, StateKind::secrets}) {
    const StateWords words = words_of(kind);
    builder.add({
        .key = fmt::format("{}_default_type", words.many),
        .description = fmt::format("Where {0} of a job are kept. `memory` (until the run ends) and "
                                   "`file` (in the directory of local state) "
                                   "are built in; plugins add others. Where it is not set: the "
                                   "type `default` if there is one, else the only "
                                   "type that a plugin registered, else `memory`.",
                                   words.many),
    });
    builder.add({
        .key = fmt::format("{}_write_preprocess_sequence", words.many),
        .description = fmt::format("Comma-separated types of {0} that see {0}, in this order, "
                                   "before they are stored: each gets what the "
                                   "one before it returned. Where one fails, nothing is stored.",
                                   words.many),
    });
  }
}

}  // namespace vdk
