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
      {.key = "cancel_grace_seconds",
       .default_value = 10,
       .description =
           "How long a run may take to end after SIGTERM or SIGINT before it is ended hard."});
}

}  // namespace vdk
