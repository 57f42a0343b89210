#include "model/time.hpp"

#include <fmt/format.h>

namespace vdk::service {

namespace {

std::string to_seconds(std::chrono::sys_seconds time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

}  // namespace

Time now() {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

std::string to_api_time(Time time) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  auto text = to_seconds(second);
  if (const auto fraction = (time - second).count(); fraction != 0) {
    text += fmt::format(".{:06}", fraction);
    text.erase(text.find_last_not_of('0') + 1);
  }
  return text + 'Z';
}

std::string to_graphql_time(Time time) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  auto text = to_seconds(second);
  const auto micros = (time - second).count();
  if (micros % 1000 != 0) {
    text += fmt::format(".{:06}", micros);
  } else if (micros != 0) {
    text += fmt::format(".{:03}", micros / 1000);
  } else if (text.ends_with(":00")) {
    text.resize(text.size() - 3);
  }
  return text + 'Z';
}

std::string to_framework_time(Time time) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  return fmt::format("{}.{:03}+00:00", to_seconds(second), (time - second).count() / 1000);
}

std::string to_log_time(std::chrono::sys_time<std::chrono::nanoseconds> time) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  return fmt::format("{}.{:09}Z", to_seconds(second), (time - second).count());
}

}  // namespace vdk::service
