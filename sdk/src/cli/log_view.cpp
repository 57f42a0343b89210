#include "cli/log_view.hpp"

#include <fmt/format.h>

#include "base/clock.hpp"
#include "vdk/base/value.hpp"

namespace vdk {

std::string_view file_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// "vdk::(anonymous namespace)::run_step(JobContext&, const Step&)" is "run_step" to a reader.
std::string_view function_name(std::string_view signature) {
  signature = signature.substr(0, signature.find('('));
  const std::size_t start = signature.find_last_of(" :");
  return start == std::string_view::npos ? signature : signature.substr(start + 1);
}

std::string to_text_line(const LogRecord& record, std::string_view job,
                         std::string_view attempt_id) {
  return fmt::format("{} [VDK] {} [{:<5.5}] {:<30.30} {:>20.20}:{:<4} {:<16.16}[id:{}]- {}\n",
                     to_log_time(std::chrono::system_clock::now()), job, to_string(record.level),
                     record.logger, file_name(record.where.file), record.where.line,
                     function_name(record.where.function), attempt_id, record.message);
}

std::string to_json_line(const LogRecord& record, std::string_view job,
                         std::string_view attempt_id) {
  Value line;
  line.set("timestamp", to_iso8601(std::chrono::system_clock::now()));
  line.set("level", to_string(record.level));
  line.set("logger", record.logger);
  line.set("job", job);
  line.set("attempt_id", attempt_id);
  line.set("file", file_name(record.where.file));
  line.set("line", static_cast<std::int64_t>(record.where.line));
  line.set("message", record.message);
  return to_json(line) + '\n';
}

LogView::LogView(std::function<std::string(const LogRecord&)> to_line,
                 std::function<void(std::string_view)> write)
    : former_(set_log_sink([to_line = std::move(to_line), write = std::move(write)](
                               const LogRecord& record) { write(to_line(record)); })) {}

LogView::~LogView() { set_log_sink(std::move(former_)); }

}  // namespace vdk
