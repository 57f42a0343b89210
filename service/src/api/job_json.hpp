// A job and its parts as JSON.
#pragma once

#include "api/json_reader.hpp"
#include "model/job.hpp"

namespace vdk::service {

// What a body says of a job, before anything of it is believed.
struct JobBody {
  std::optional<std::string> name;
  std::optional<std::string> team;
  std::optional<std::string> description;
  JobConfig config;
};

[[nodiscard]] JobBody read_job(const Value& body);

[[nodiscard]] Value to_value(const Job& job);
[[nodiscard]] Value to_value(const Contacts& contacts);
// {"schedule_cron": ...}
[[nodiscard]] Value schedule_value(const std::optional<std::string>& expression);
[[nodiscard]] Value nullable(const std::optional<std::string>& text);

}  // namespace vdk::service
