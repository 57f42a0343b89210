// Log records on the way to the standard error stream.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "vdk/base/log.hpp"

namespace vdk {

// "run_command.cpp" of a path, "run_step" of a signature: as a reader knows them.
[[nodiscard]] std::string_view file_name(std::string_view path);
[[nodiscard]] VDK_API std::string_view function_name(std::string_view signature);

// One record as upstream's columns (specification: sdk 10.7), line end included.
[[nodiscard]] std::string to_text_line(const LogRecord& record, std::string_view job,
                                       std::string_view attempt_id);
// One record as a JSON object, line end included.
[[nodiscard]] std::string to_json_line(const LogRecord& record, std::string_view job,
                                       std::string_view attempt_id);

// While it lives, log records are printed by `write` as the lines that `to_line` makes of them;
// afterwards as before.
class LogView {
 public:
  LogView(std::function<std::string(const LogRecord&)> to_line,
          std::function<void(std::string_view)> write);
  ~LogView();
  LogView(const LogView&) = delete;
  LogView& operator=(const LogView&) = delete;

 private:
  LogSink former_;
};

}  // namespace vdk
