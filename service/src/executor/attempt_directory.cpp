#include "executor/attempt_directory.hpp"

#include <algorithm>

#include "base/file.hpp"
#include "base/process_identity.hpp"
#include "executor/process_tree.hpp"
#include "executor/record.hpp"
#include "vdk/base/error.hpp"

namespace vdk::service {

namespace {

std::string text_of(const Value& facts, std::string_view key) {
  const Value* value = facts.find(key);
  return value && value->if_string() ? *value->if_string() : std::string();
}

std::optional<std::int64_t> integer_of(const Value& facts, std::string_view key) {
  const Value* value = facts.find(key);
  if (!value || !value->if_integer()) return std::nullopt;
  return *value->if_integer();
}

std::vector<std::string> texts_of(const Value& from, std::string_view key) {
  std::vector<std::string> texts;
  const Value* value = from.find(key);
  if (!value || !value->if_list()) return texts;
  for (const Value& item : *value->if_list()) {
    if (item.if_string()) texts.push_back(*item.if_string());
  }
  return texts;
}

Value to_value(const ProcessMark& mark) {
  Value value;
  value.set("pid", mark.pid);
  value.set("start_time", mark.start_time);
  return value;
}

ProcessMark mark_in(const Value& facts, std::string_view key) {
  const Value* value = facts.find(key);
  if (value == nullptr) return {};
  return {.pid = static_cast<int>(integer_of(*value, "pid").value_or(0)),
          .start_time = text_of(*value, "start_time")};
}

std::optional<Value> read_small_json(const std::filesystem::path& file) {
  constexpr std::uintmax_t kLargest = 65536;
  std::error_code failure;
  if (std::filesystem::file_size(file, failure) > kLargest || failure) return std::nullopt;
  try {
    return parse_json(read_file(file));
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

ProcessMark mark_of(int pid) {
  const auto facts = facts_of(pid);
  return {.pid = pid, .start_time = facts ? facts->start_time : std::string()};
}

std::string current_boot() {
  static const std::string boot = current_process_identity().boot;
  return boot;
}

Value to_value(const LaunchFacts& facts) {
  Value value;
  value.set("attempt_id", facts.attempt_id);
  value.set("execution_id", facts.execution_id);
  value.set("job_name", facts.job_name);
  value.set("boot", facts.boot);
  value.set("time", to_iso8601(facts.time));
  value.set("mark", facts.mark);
  return value;
}

std::optional<LaunchFacts> read_launch(const AttemptDirectory& attempt) {
  const std::optional<Value> value = read_small_json(attempt.launch());
  if (!value) return std::nullopt;
  return LaunchFacts{.attempt_id = text_of(*value, "attempt_id"),
                     .execution_id = text_of(*value, "execution_id"),
                     .job_name = text_of(*value, "job_name"),
                     .boot = text_of(*value, "boot"),
                     .time = from_iso8601(text_of(*value, "time")).value_or(TimePoint{}),
                     .mark = text_of(*value, "mark")};
}

Value to_value(const StartedFacts& facts) {
  Value value;
  value.set("supervisor", to_value(facts.supervisor));
  value.set("job", to_value(facts.job));
  value.set("boot", facts.boot);
  Value::List cgroup;
  for (const auto& directory : facts.cgroup) cgroup.emplace_back(directory.string());
  value.set("cgroup", std::move(cgroup));
  Value::List lines;
  for (const std::string& line : facts.enforcement) lines.emplace_back(line);
  value.set("enforcement", std::move(lines));
  return value;
}

std::optional<StartedFacts> read_started(const AttemptDirectory& attempt) {
  const std::optional<Value> value = read_record(attempt.started());
  if (!value) return std::nullopt;
  StartedFacts facts{.supervisor = mark_in(*value, "supervisor"),
                     .job = mark_in(*value, "job"),
                     .boot = text_of(*value, "boot"),
                     .cgroup = {},
                     .enforcement = texts_of(*value, "enforcement")};
  for (std::string& directory : texts_of(*value, "cgroup")) {
    facts.cgroup.emplace_back(std::move(directory));
  }
  return facts;
}

Value to_value(const Ending& ending) {
  Value value;
  value.set("cause", to_string(ending.cause));
  if (ending.exit_code) value.set("exit_code", *ending.exit_code);
  if (ending.signal) value.set("signal", *ending.signal);
  value.set("time", to_iso8601(ending.time));
  value.set("user_microseconds", static_cast<std::int64_t>(ending.usage.user_time.count()));
  value.set("system_microseconds", static_cast<std::int64_t>(ending.usage.system_time.count()));
  value.set("peak_memory_bytes", ending.usage.peak_memory_bytes);
  value.set("termination_status", ending.termination_status);
  value.set("vdk_version", ending.vdk_version);
  value.set("message", ending.message);
  return value;
}

std::optional<Ending> read_ending(const AttemptDirectory& attempt) {
  const std::optional<Value> value = read_record(attempt.ended());
  if (!value) return std::nullopt;
  const std::optional<Cause> cause = parse_cause(text_of(*value, "cause"));
  const std::optional<TimePoint> time = from_iso8601(text_of(*value, "time"));
  if (!cause || !time) return std::nullopt;
  Ending ending{.cause = *cause, .time = *time};
  if (const auto code = integer_of(*value, "exit_code")) ending.exit_code = static_cast<int>(*code);
  if (const auto signal = integer_of(*value, "signal")) ending.signal = static_cast<int>(*signal);
  ending.usage = {
      .user_time = std::chrono::microseconds(integer_of(*value, "user_microseconds").value_or(0)),
      .system_time =
          std::chrono::microseconds(integer_of(*value, "system_microseconds").value_or(0)),
      .peak_memory_bytes = integer_of(*value, "peak_memory_bytes").value_or(0)};
  ending.termination_status = text_of(*value, "termination_status");
  ending.vdk_version = text_of(*value, "vdk_version");
  ending.message = text_of(*value, "message");
  return ending;
}

void read_termination(const AttemptDirectory& attempt, Ending& ending) {
  const std::optional<Value> message = read_small_json(attempt.termination());
  if (!message) return;
  ending.termination_status = text_of(*message, "status");
  ending.vdk_version = text_of(*message, "vdk_version");
}

std::optional<std::chrono::milliseconds> read_cancel(const AttemptDirectory& attempt) {
  const std::optional<Value> wish = read_small_json(attempt.cancel());
  if (!wish) return std::nullopt;
  return std::chrono::milliseconds(
      std::max<std::int64_t>(0, integer_of(*wish, "grace_milliseconds").value_or(0)));
}

}  // namespace vdk::service
