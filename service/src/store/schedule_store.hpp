// The schedules that the scheduler reads, written with what they follow from.
#pragma once

#include <string>
#include <string_view>

#include "model/schedule.hpp"
#include "store/database.hpp"

namespace vdk::service {

// The next number of a counter, in the order of commits.
[[nodiscard]] std::int64_t next_number(Connection& connection, std::string_view counter);

// What a deployment's schedule is from now on. One that stays the same changes nothing, so its
// times go on being counted from where they were.
void put_schedule(Connection& connection, std::string_view deployment, std::string_view expression,
                  const ScheduleSettings& settings);
void remove_schedule(Connection& connection, std::string_view deployment);

}  // namespace vdk::service
