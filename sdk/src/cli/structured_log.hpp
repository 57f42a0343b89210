// Log records in the formats of upstream's vdk-structlog, by its configuration keys (specification:
// sdk 14.1), and as logfmt.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "vdk/base/log.hpp"
#include "vdk/config/configuration.hpp"

namespace vdk {

// Any thread may call.
class StructuredLog {
 public:
  // Whether the configuration asks for it: use_structlog, or any key of it.
  [[nodiscard]] static bool is_wanted(const Configuration& configuration);

  // Throws Error (configuration) where a format or a preset is unknown.
  StructuredLog(const Configuration& configuration, std::string job, std::string attempt_id);

  // The step at work, of which records tell; empty between steps.
  void enter_step(std::string_view name, std::string_view type);

  // One record, line end included.
  [[nodiscard]] std::string line(const LogRecord& record) const;

 private:
  enum class Format { console, json, ltsv, logfmt };
  struct Fields;

  [[nodiscard]] Fields fields_of(const LogRecord& record) const;
  [[nodiscard]] std::string console_line(const Fields& fields) const;

  Format format_ = Format::console;
  std::vector<std::string> metadata_;
  std::string pattern_;  // of console lines; empty: fragments for the metadata
  std::string job_;
  std::string attempt_id_;

  mutable std::mutex mutex_;  // of the step
  std::string step_;
  std::string step_type_;
};

}  // namespace vdk
