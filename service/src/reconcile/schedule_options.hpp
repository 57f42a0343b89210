// What a job's config.ini says of its schedule beside the expression.
#pragma once

#include "config/sources.hpp"
#include "model/schedule.hpp"

namespace vdk::service {

// Of section [job]: schedule_time_zone, schedule_overlap, schedule_deadline_seconds. Throws Error
// (user) where a value is none.
[[nodiscard]] ScheduleSettings schedule_settings_of(const vdk::JobConfig& config);

}  // namespace vdk::service
