#include "job/run_options.hpp"

#include "job/termination_file.hpp"

namespace vdk {

void declare_run_options(ConfigurationBuilder& builder) {
  declare_termination_options(builder);
  builder.add(
      {.key = "log_format",
       .default_value = "text",
       .description =
           "How log records are printed: text (one line a record, in columns) or json (one JSON "
           "object a line)."});
  builder.add(
      {.key = "native_engines",
       .default_value = true,
       .description =
           "Use the program's own drivers also where upstream's plugin of the engine is installed "
           "(vdk-sqlite, vdk-duckdb, vdk-postgres, ...); false has that plugin's used."});
  builder.add(
      {.key = "cancel_grace_seconds",
       .default_value = 10,
       .description =
           "How long a run may take to end after SIGTERM or SIGINT before it is ended hard."});
  builder.add({.key = "use_structlog",
               .default_value = false,
               .description = "Print log records as the keys structlog_* say. Setting one of them "
                              "is enough."});
  builder.add({.key = "structlog_format",
               .default_value = "console",
               .description = "How log records are printed: console, json, ltsv or logfmt."});
  builder.add({.key = "structlog_metadata",
               .default_value = "timestamp,level,logger_name,file_name,line_number,function_name",
               .description =
                   "What is printed with a message, separated by commas: timestamp, level, "
                   "logger_name, file_name, line_number, function_name, attempt_id, vdk_job_name, "
                   "vdk_step_name, vdk_step_type."});
  builder.add({.key = "structlog_console_custom_format",
               .default_value = "",
               .description = "The pattern of console lines, as Python's logging has it: "
                              "%(asctime)s %(levelname)-5.5s %(vdk_step_name)s %(message)s. It "
                              "takes the place of structlog_metadata."});
  builder.add({.key = "structlog_config_preset",
               .default_value = "LOCAL",
               .description = "LOCAL, or CLOUD: console lines have the columns of the core's own "
                              "log, and other formats nothing but the message unless "
                              "structlog_metadata is set."});
}

}  // namespace vdk
