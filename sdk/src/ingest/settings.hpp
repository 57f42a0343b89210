// The options of the ingestion, read and checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>

#include "vdk/config/configuration.hpp"
#include "vdk/ingest/sink.hpp"

namespace vdk {

struct IngestSettings {
  std::size_t batch_bytes;
  std::size_t queue_bytes;
  std::size_t commit_bytes;
  LoadOptions load_options;  // of loads that do not say otherwise
  std::int64_t most_rejected;
  bool tolerates_rejected;
  bool ends_at_step;
  std::size_t threads;
  bool log_errors;
  bool raise_on_failure;
  bool wait_after_send;
};

// Throws Error (configuration) that names the option which is wrong.
[[nodiscard]] IngestSettings read_ingest_settings(const Configuration& configuration);

// The settings, read when they are first asked for: until the first send secrets may change them.
// Any thread may ask. Borrows the configuration.
class LateSettings {
 public:
  explicit LateSettings(const Configuration& configuration) : configuration_(configuration) {}

  const IngestSettings& operator()() {
    std::call_once(once_, [this] { settings_ = read_ingest_settings(configuration_); });
    return *settings_;
  }

 private:
  const Configuration& configuration_;
  std::once_flag once_;
  std::optional<IngestSettings> settings_;
};

}  // namespace vdk
