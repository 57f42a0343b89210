#include "cli/structured_log.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "cli/log_view.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/value.hpp"

namespace vdk {

namespace {

// The core's own columns, as upstream's preset CLOUD has them.
constexpr std::string_view kDetailedPattern =
    "%(asctime)s [VDK] %(vdk_job_name)s [%(levelname)-5.5s] %(name)-30.30s "
    "%(filename)20.20s:%(lineno)-4d %(funcName)-16.16s[id:%(attempt_id)s]- %(message)s";

struct Name {
  std::string_view metadata;  // in structlog_metadata
  std::string_view python;    // of the attribute of Python's log records
};
constexpr std::array<Name, 10> kNames = {{{"timestamp", "timestamp"},
                                          {"level", "level"},
                                          {"logger_name", "name"},
                                          {"file_name", "filename"},
                                          {"line_number", "lineno"},
                                          {"function_name", "funcName"},
                                          {"attempt_id", "attempt_id"},
                                          {"vdk_job_name", "vdk_job_name"},
                                          {"vdk_step_name", "vdk_step_name"},
                                          {"vdk_step_type", "vdk_step_type"}}};

bool is_quoted_in_logfmt(std::string_view text) {
  return text.empty() || std::ranges::any_of(text, [](char c) {
           return static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '=' || c == '\\';
         });
}

// A label's value must not begin another one.
std::string ltsv_text(std::string_view text) {
  return replace_all(replace_all(replace_all(text, "\t", "\\t"), "\n", "\\n"), "\r", "\\r");
}

// Python's `%` formatting of one field: flags, width, precision, then s or d.
std::string padded(std::string_view text, std::string_view spec) {
  const bool left = spec.find('-') != std::string_view::npos;
  std::size_t width = 0;
  std::size_t precision = std::string_view::npos;
  bool behind_point = false;
  for (const char c : spec) {
    if (c == '.') {
      behind_point = true;
      precision = 0;
    } else if (c >= '0' && c <= '9') {
      std::size_t& number = behind_point ? precision : width;
      number = std::min<std::size_t>(number * 10 + static_cast<std::size_t>(c - '0'), 1000);
    }
  }
  const std::string shown(text.substr(0, precision));
  return left ? fmt::format("{:<{}}", shown, width) : fmt::format("{:>{}}", shown, width);
}

}  // namespace

// A record's parts as text; `seconds` is the time of the record since the epoch.
struct StructuredLog::Fields {
  double seconds = 0;
  std::string time;
  std::string_view level;
  std::string_view logger;
  std::string_view file;
  std::string line;
  std::string_view function;
  std::string_view job;
  std::string_view attempt_id;
  std::string step;
  std::string step_type;
  std::string_view message;

  [[nodiscard]] std::string_view get(std::string_view name) const {
    if (name == "timestamp" || name == "asctime") return time;
    if (name == "level" || name == "levelname") return level;
    if (name == "logger_name" || name == "name") return logger;
    if (name == "file_name" || name == "filename") return file;
    if (name == "line_number" || name == "lineno") return line;
    if (name == "function_name" || name == "funcName") return function;
    if (name == "attempt_id") return attempt_id;
    if (name == "vdk_job_name") return job;
    if (name == "vdk_step_name") return step;
    if (name == "vdk_step_type") return step_type;
    if (name == "message") return message;
    return {};
  }
};

bool StructuredLog::is_wanted(const Configuration& configuration) {
  if (configuration.get_bool("use_structlog")) return true;
  return std::ranges::any_of(
      std::array{"structlog_format", "structlog_metadata", "structlog_console_custom_format",
                 "structlog_config_preset"},
      [&](const char* key) { return !configuration.is_default(key); });
}

StructuredLog::StructuredLog(const Configuration& configuration, std::string job,
                             std::string attempt_id)
    : job_(std::move(job)), attempt_id_(std::move(attempt_id)) {
  const auto wrong = [](std::string_view key, std::string_view value, std::string_view allowed) {
    return configuration_error({.what = fmt::format("{} is '{}'.", key, value),
                                .why = fmt::format("It may be {}.", allowed),
                                .consequence = "Nothing was run.",
                                .countermeasure = fmt::format("Correct {}.", key)});
  };
  const std::string preset = upper(configuration.get_string("structlog_config_preset"));
  if (preset != "LOCAL" && preset != "CLOUD") {
    throw wrong("structlog_config_preset", preset, "LOCAL or CLOUD");
  }
  const std::string format = lower(configuration.get_string("structlog_format"));
  constexpr std::array<std::string_view, 4> kFormats = {"console", "json", "ltsv", "logfmt"};
  const auto known = std::ranges::find(kFormats, format);
  if (known == kFormats.end()) {
    throw wrong("structlog_format", format, "console, json, ltsv or logfmt");
  }
  format_ = static_cast<Format>(known - kFormats.begin());
  pattern_ = configuration.get_string("structlog_console_custom_format");
  if (preset == "CLOUD" && configuration.is_default("structlog_console_custom_format")) {
    pattern_ = kDetailedPattern;
  }
  const bool is_default = configuration.is_default("structlog_metadata");
  if (preset != "CLOUD" || !is_default) {
    metadata_ = split_list(configuration.get_string("structlog_metadata"));
  }
}

void StructuredLog::enter_step(std::string_view name, std::string_view type) {
  const std::lock_guard lock(mutex_);
  step_ = name;
  step_type_ = type;
}

StructuredLog::Fields StructuredLog::fields_of(const LogRecord& record) const {
  const TimePoint now = std::chrono::system_clock::now();
  Fields fields{.seconds = to_unix_seconds(now),
                .time = to_log_time(now),
                .level = to_string(record.level),
                .logger = record.logger,
                .file = file_name(record.where.file),
                .line = std::to_string(record.where.line),
                .function = function_name(record.where.function),
                .job = job_,
                .attempt_id = attempt_id_,
                .step = {},
                .step_type = {},
                .message = record.message};
  const std::lock_guard lock(mutex_);
  fields.step = step_;
  fields.step_type = step_type_;
  return fields;
}

std::string StructuredLog::console_line(const Fields& fields) const {
  if (!pattern_.empty()) {
    std::string line;
    std::string_view rest = pattern_;
    for (std::size_t at = 0; (at = rest.find('%')) != std::string_view::npos;) {
      line += rest.substr(0, at);
      rest.remove_prefix(at + 1);
      const std::size_t close = rest.find(')');
      const std::size_t type = close == std::string_view::npos ? std::string_view::npos
                                                               : rest.find_first_of("sdfi", close);
      if (!rest.starts_with('(') || type == std::string_view::npos) {
        line += '%';
        if (rest.starts_with('%')) rest.remove_prefix(1);
        continue;
      }
      line +=
          padded(fields.get(rest.substr(1, close - 1)), rest.substr(close + 1, type - close - 1));
      rest.remove_prefix(type + 1);
    }
    return line + std::string(rest) + '\n';
  }
  std::string line;
  for (const std::string& name : metadata_) {
    const std::string_view value = fields.get(name);
    if (!line.empty() && name != "line_number") line += ' ';
    if (name == "timestamp") {
      line += fmt::format("{} [VDK]", value);
    } else if (name == "level") {
      line += fmt::format("[{:<5.5}]", value);
    } else if (name == "logger_name") {
      line += fmt::format("{:<30.30}", value);
    } else if (name == "file_name") {
      line += fmt::format("{:>20.20}", value);
    } else if (name == "line_number") {
      line += fmt::format(":{:<4}", value);
    } else if (name == "function_name") {
      line += fmt::format("{:<16.16}", value);
    } else if (name == "attempt_id") {
      line += fmt::format("[id:{}]", value);
    } else {
      line += value;
    }
  }
  return fmt::format("{}{}- {}\n", line, line.empty() ? "" : " ", fields.message);
}

std::string StructuredLog::line(const LogRecord& record) const {
  const Fields fields = fields_of(record);
  if (format_ == Format::console) return console_line(fields);
  Value json;
  std::string text;
  for (const Name& name : kNames) {
    if (std::ranges::find(metadata_, name.metadata) == metadata_.end()) continue;
    const std::string_view value = fields.get(name.metadata);
    if (value.empty()) continue;
    if (format_ == Format::json) {
      if (name.metadata == "timestamp") {
        json.set(name.python, fields.seconds);
      } else if (name.metadata == "line_number") {
        json.set(name.python, static_cast<std::int64_t>(record.where.line));
      } else {
        json.set(name.python, value);
      }
    } else if (format_ == Format::ltsv) {
      text += fmt::format("{}:{}\t", name.python, ltsv_text(value));
    } else {
      text += fmt::format("{}={} ", name.python,
                          is_quoted_in_logfmt(value) ? to_json(Value(value)) : std::string(value));
    }
  }
  switch (format_) {
    case Format::json:
      json.set("message", fields.message);
      return to_json(json) + '\n';
    case Format::ltsv:
      return fmt::format("{}message:{}\n", text, ltsv_text(fields.message));
    default:
      return fmt::format("{}message={}\n", text,
                         is_quoted_in_logfmt(fields.message) ? to_json(Value(fields.message))
                                                             : std::string(fields.message));
  }
}

}  // namespace vdk
