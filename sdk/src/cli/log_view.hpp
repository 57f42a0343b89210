// Log records on the way to the standard error stream.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "vdk/base/log.hpp"

namespace vdk {

enum class LogFormat { text, json };

// One record as upstream's columns (specification: sdk 10.7), line end included.
[[nodiscard]] std::string to_text_line(const LogRecord& record, std::string_view job,
                                       std::string_view attempt_id);
// One record as a JSON object, line end included.
[[nodiscard]] std::string to_json_line(const LogRecord& record, std::string_view job,
                                       std::string_view attempt_id);

// While it lives, log records are printed by `write` in the format; afterwards as before.
class LogView {
 public:
  LogView(LogFormat format, std::string job, std::string attempt_id,
          std::function<void(std::string_view)> write);
  ~LogView();
  LogView(const LogView&) = delete;
  LogView& operator=(const LogView&) = delete;

 private:
  LogSink former_;
};

}  // namespace vdk
