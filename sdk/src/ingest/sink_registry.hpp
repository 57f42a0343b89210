// The ingestion methods that there are, by name.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vdk/base/error.hpp"
#include "vdk/config/configuration.hpp"
#include "vdk/hooks/plugin.hpp"
#include "vdk/ingest/sink.hpp"

namespace vdk {

// What makes the sinks of a method. Owns nothing but the factory.
struct SinkMaker {
  SinkFactory factory;
  std::string section;

  [[nodiscard]] std::unique_ptr<Sink> make(const Configuration& configuration,
                                           const Destination& destination) const {
    return factory(configuration, section, destination);
  }
};

// Any thread may call.
class SinkRegistry {
 public:
  // The last one of a name is the one that later lanes get.
  void add(std::string_view method, SinkMaker maker);

  [[nodiscard]] std::vector<std::string> methods() const;  // in lower case, sorted
  // Throws Error (configuration) that lists the methods where there is none of this name.
  [[nodiscard]] SinkMaker get(const std::string& method) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, SinkMaker> makers_;
};

[[nodiscard]] Error unknown_method(std::string_view method, const std::vector<std::string>& known);

}  // namespace vdk
