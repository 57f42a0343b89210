#include "executor/supervisor.hpp"
#include "vdk/base/value.hpp"

namespace vdk::service {

namespace {

std::string text_of(const Value& from, std::string_view key) {
  const Value* value = from.find(key);
  return value && value->if_string() ? *value->if_string() : std::string();
}

std::int64_t integer_of(const Value& from, std::string_view key) {
  const Value* value = from.find(key);
  return value && value->if_integer() ? *value->if_integer() : 0;
}

bool flag_of(const Value& from, std::string_view key) {
  const Value* value = from.find(key);
  return value && value->if_bool() && *value->if_bool();
}

const Value::List& list_of(const Value& from, std::string_view key) {
  static const Value::List none;
  const Value* value = from.find(key);
  return value && value->if_list() ? *value->if_list() : none;
}

}  // namespace

std::string to_text(const Order& order) {
  Value::List command;
  for (const std::string& word : order.command) command.emplace_back(word);
  Value::List environment;
  for (const Variable& variable : order.environment)
    environment.emplace_back(Value::List{variable.name, variable.value});
  Value::List version_1;
  for (const auto& directory : order.cgroups.version_1) version_1.emplace_back(directory.string());
  Value value;
  value.set("attempt", order.attempt.string());
  value.set("command", std::move(command));
  value.set("environment", std::move(environment));
  value.set("memory_bytes", order.limits.memory_bytes);
  value.set("cores", order.limits.cores);
  value.set("seconds", static_cast<std::int64_t>(order.limits.time.count()));
  value.set("processes", order.limits.processes);
  value.set("grace", static_cast<std::int64_t>(order.time_limit_grace.count()));
  value.set("segment_bytes", order.log.segment_bytes);
  value.set("segments", order.log.segments);
  value.set("cgroups", order.cgroups.directory.string());
  value.set("cgroup_memory", order.cgroups.memory);
  value.set("cgroup_cpu", order.cgroups.cpu);
  value.set("cgroup_processes", order.cgroups.processes);
  value.set("cgroups_version_1", std::move(version_1));
  value.set("why_no_cgroup", order.cgroups.why_not);
  return to_json(value);
}

Order parse_order(const std::string& text) {
  const Value value = parse_json(text);
  Order order{.attempt = text_of(value, "attempt")};
  for (const Value& word : list_of(value, "command")) {
    if (word.if_string()) order.command.push_back(*word.if_string());
  }
  for (const Value& pair : list_of(value, "environment")) {
    const Value::List* parts = pair.if_list();
    if (parts && parts->size() == 2 && (*parts)[0].if_string() && (*parts)[1].if_string())
      order.environment.push_back({*(*parts)[0].if_string(), *(*parts)[1].if_string()});
  }
  const Value* cores = value.find("cores");
  order.limits = {.memory_bytes = integer_of(value, "memory_bytes"),
                  .cores = cores && cores->if_real() ? *cores->if_real() : 0,
                  .time = std::chrono::seconds(integer_of(value, "seconds")),
                  .processes = integer_of(value, "processes")};
  order.time_limit_grace = std::chrono::milliseconds(integer_of(value, "grace"));
  order.log = {.segment_bytes = integer_of(value, "segment_bytes"),
               .segments = static_cast<int>(integer_of(value, "segments"))};
  order.cgroups = {.directory = text_of(value, "cgroups"),
                   .memory = flag_of(value, "cgroup_memory"),
                   .cpu = flag_of(value, "cgroup_cpu"),
                   .processes = flag_of(value, "cgroup_processes"),
                   .why_not = text_of(value, "why_no_cgroup")};
  for (const Value& directory : list_of(value, "cgroups_version_1")) {
    if (directory.if_string()) order.cgroups.version_1.emplace_back(*directory.if_string());
  }
  return order;
}

}  // namespace vdk::service
