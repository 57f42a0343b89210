#include "job/termination_file.hpp"

#include <fmt/format.h>

#include "base/file.hpp"
#include "vdk/base/log.hpp"
#include "vdk/base/value.hpp"
#include "vdk/base/version.hpp"

namespace vdk {

namespace {

constexpr std::string_view kPlatformFile = "/dev/termination-log";

}  // namespace

std::string_view to_string(TerminationStatus status) noexcept {
  switch (status) {
    case TerminationStatus::success:
      return "Success";
    case TerminationStatus::user_error:
      return "User error";
    case TerminationStatus::platform_error:
      return "Platform error";
    case TerminationStatus::skipped:
      return "Skipped";
    case TerminationStatus::cancelled:
      return "Cancelled";
  }
  return "Platform error";
}

TerminationStatus termination_status(const Failure& failure) noexcept {
  if (failure.type_name == "Cancelled") return TerminationStatus::cancelled;
  return failure.resolvable_by == ResolvableBy::user ? TerminationStatus::user_error
                                                     : TerminationStatus::platform_error;
}

TerminationStatus termination_status(const ExecutionResult& result) noexcept {
  if (!result.failed()) return TerminationStatus::success;
  return result.failure ? termination_status(*result.failure) : TerminationStatus::platform_error;
}

void declare_termination_options(ConfigurationBuilder& builder) {
  builder.add(
      {.key = "termination_message_writer_enabled",
       .default_value = true,
       .description = "Write how the run ended into termination_message_writer_output_file."});
  builder.add({.key = "termination_message_writer_output_file",
               .default_value = kPlatformFile,
               .description =
                   "The file that tells the platform how the run ended. Kubernetes reads it from "
                   "/dev/termination-log."});
}

TerminationFile::TerminationFile(const Configuration& configuration) {
  if (!configuration.get_bool("termination_message_writer_enabled")) return;
  path_ = configuration.get_string("termination_message_writer_output_file");
  std::error_code ignored;
  if (path_ == kPlatformFile && !std::filesystem::exists(path_, ignored)) path_.clear();
  write(TerminationStatus::platform_error);
}

void TerminationFile::write(TerminationStatus status) const noexcept {
  if (path_.empty()) return;
  try {
    Value message;
    message.set("vdk_version", version());
    message.set("status", to_string(status));
    write_file_in_place(path_, to_json(message));
  } catch (const std::exception& failure) {
    log(LogLevel::warning, "vdk.termination",
        fmt::format("The termination file {} could not be written, so the platform must go by the "
                    "exit code. {}",
                    path_.string(), failure.what()));
  }
}

}  // namespace vdk
