#include "api/logs_url.hpp"

#include "base/text.hpp"
#include "http/url.hpp"

namespace vdk::service {

std::string LogsUrl::of(const Execution& execution, std::string_view team) const {
  auto text = pattern;
  if (text.empty()) return text;
  const auto put = [&](const std::string& name, std::string_view value) {
    const auto encoded = http::encode_percent(value);
    text = replace_all(text, "{{" + name + "}}", encoded);
    text = replace_all(text, "{" + name + "}", encoded);
  };
  const auto put_time = [&](const std::string& name, Time time) {
    put(name, has_iso_times ? to_api_time(time) : std::to_string(to_micros(time) / 1000));
  };
  put("execution_id", execution.id);
  put("op_id", execution.op_id);
  put("job_name", execution.job_name);
  put("team_name", team);
  put_time("start_time", execution.start_time.value_or(now()) + start_offset);
  put_time("end_time", execution.end_time.value_or(now()) + end_offset);
  return text;
}

}  // namespace vdk::service
