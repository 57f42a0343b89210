#include "ingest/sink_registry.hpp"

#include <utility>

#include <fmt/format.h>

#include "base/text.hpp"

namespace vdk {

void SinkRegistry::add(std::string_view method, SinkMaker maker) {
  const std::lock_guard lock(mutex_);
  makers_.insert_or_assign(lower(method), std::move(maker));
}

std::vector<std::string> SinkRegistry::methods() const {
  std::vector<std::string> names;
  const std::lock_guard lock(mutex_);
  names.reserve(makers_.size());
  for (const auto& [name, maker] : makers_) names.push_back(name);
  return names;
}

SinkMaker SinkRegistry::get(const std::string& method) const {
  {
    const std::lock_guard lock(mutex_);
    const auto found = makers_.find(method);
    if (found != makers_.end()) return found->second;
  }
  throw unknown_method(method, methods());
}

Error unknown_method(std::string_view method, const std::vector<std::string>& known) {
  std::string why = known.empty() ? std::string("No ingestion method is installed.")
                                  : "Known methods: " + join(known, ", ") + ".";
  if (const auto near = nearest_name(method, known)) why += fmt::format(" Did you mean {}?", *near);
  return configuration_error(
      {.what = fmt::format("There is no ingestion method \"{}\".", method),
       .why = std::move(why),
       .consequence = "Nothing was sent.",
       .countermeasure =
           "Correct the method of the call or ingest_method_default, or install the plugin that "
           "brings the method."});
}

}  // namespace vdk
