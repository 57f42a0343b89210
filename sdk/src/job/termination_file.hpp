// The file that tells the platform how a run ended (specification: sdk 10.5).
#pragma once

#include <filesystem>
#include <string_view>

#include "vdk/base/export.hpp"
#include "vdk/config/configuration.hpp"
#include "vdk/job/step.hpp"

namespace vdk {

enum class TerminationStatus { success, user_error, platform_error, skipped, cancelled };

// "Success", "User error", "Platform error", "Skipped", "Cancelled": exactly what the Control
// Service matches.
[[nodiscard]] VDK_API std::string_view to_string(TerminationStatus status) noexcept;

[[nodiscard]] TerminationStatus termination_status(const ExecutionResult& result) noexcept;
[[nodiscard]] TerminationStatus termination_status(const Failure& failure) noexcept;

// Declares termination_message_writer_enabled and termination_message_writer_output_file.
void declare_termination_options(ConfigurationBuilder& builder);

// Exists from the start of a run with "Platform error" and is replaced at the end, in place, so
// that a run that vanishes is never read as a success. The platform's own file /dev/termination-log
// is written only where it exists; a configured one is created.
class VDK_API TerminationFile {
 public:
  // Writes "Platform error". Where the file cannot be written, one warning says so and the run goes
  // on.
  explicit TerminationFile(const Configuration& configuration);
  // Any thread; the last write wins.
  void write(TerminationStatus status) const noexcept;

 private:
  std::filesystem::path path_;  // empty: switched off
};

}  // namespace vdk
