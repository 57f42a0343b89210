#include "job/step_discovery.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.hpp"

namespace vdk {

const StepEndings& core_step_endings() {
  static const StepEndings endings{{"sql", std::string(kSqlStep)},
                                   {"py", std::string(kPythonStep)}};
  return endings;
}

std::vector<Step> find_steps(const std::filesystem::path& job_directory,
                             const StepEndings& endings) {
  std::vector<Step> steps;
  std::error_code failure;
  for (std::filesystem::directory_iterator entry(job_directory, failure), end;
       !failure && entry != end; entry.increment(failure)) {
    const std::string name = entry->path().filename().string();
    const std::size_t dot = name.rfind('.');
    if (dot == std::string::npos) continue;
    const auto type = endings.find(lower(name.substr(dot + 1)));
    if (type == endings.end()) continue;
    steps.push_back({name, type->second, entry->path(), job_directory});
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
