#include "job/step_discovery.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.hpp"

namespace vdk {

std::vector<Step> find_steps(const std::filesystem::path& job_directory) {
  std::vector<Step> steps;
  std::error_code failure;
  for (std::filesystem::directory_iterator entry(job_directory, failure), end;
       !failure && entry != end; entry.increment(failure)) {
    const std::string name = entry->path().filename().string();
    const std::string lower_name = lower(name);
    std::string_view type;
    if (lower_name.ends_with(".sql")) type = kSqlStep;
    if (lower_name.ends_with(".py")) type = kPythonStep;
    if (type.empty()) continue;
    steps.push_back({name, std::string(type), entry->path(), job_directory});
  }
  if (failure) {
    throw user_error(
        {.what = fmt::format("The job directory {} cannot be read.", job_directory.string()),
         .why = fmt::format("The system says: {}.", failure.message()),
         .consequence = "No step was run.",
         .countermeasure = "Check that the path is a directory that you may read."});
  }
  std::ranges::sort(steps, {}, &Step::name);
  return steps;
}

}  // namespace vdk
