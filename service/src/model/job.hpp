// A data job as its owner described it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/time.hpp"

namespace vdk::service {

struct Contacts {
  std::vector<std::string> failure_user_error;
  std::vector<std::string> failure_platform_error;
  std::vector<std::string> success;
  std::vector<std::string> deploy;
};

struct JobConfig {
  std::optional<std::string> db_default_type;
  Contacts contacts;
  std::optional<std::string> schedule;  // a cron expression; empty or none: never
  bool generate_keytab = true;
  std::optional<bool> enable_execution_notifications = true;
  std::optional<std::int64_t> notification_delay_minutes = 240;
};

struct Job {
  std::string name;
  std::string team;
  std::optional<std::string> description;
  JobConfig config;
  bool has_keytab = false;
  std::optional<std::string> source_version;
};

// 6 to 50 lower-case letters, digits and dashes, a letter first and no dash last.
[[nodiscard]] bool is_job_name(std::string_view name) noexcept;

}  // namespace vdk::service
