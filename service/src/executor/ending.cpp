#include <array>
#include <utility>

#include "executor/executor.hpp"

namespace vdk::service {

namespace {

constexpr std::array<std::pair<Cause, std::string_view>, 9> kCauses = {
    {{Cause::exited, "exited"},
     {Cause::signalled, "signalled"},
     {Cause::out_of_memory, "out_of_memory"},
     {Cause::too_many_processes, "too_many_processes"},
     {Cause::time_limit, "time_limit"},
     {Cause::cancelled, "cancelled"},
     {Cause::not_started, "not_started"},
     {Cause::interrupted, "interrupted"},
     {Cause::lost, "lost"}}};

// Of a run that ended by itself or by a signal that nobody here sent: its own word, where that fits
// how the process ended.
Verdict own_verdict(const Ending& ending) noexcept {
  const bool ended_well = ending.cause == Cause::exited && ending.exit_code == 0;
  const std::string& said = ending.termination_status;
  if (said.empty() || said == "Success")
    return ended_well ? Verdict::succeeded : Verdict::platform_error;
  if (said == "Skipped") return ended_well ? Verdict::skipped : Verdict::platform_error;
  if (said == "User error") return Verdict::user_error;
  if (said == "Cancelled") return Verdict::cancelled;
  return Verdict::platform_error;
}

}  // namespace

std::string_view to_string(Cause cause) noexcept {
  for (const auto& [known, name] : kCauses) {
    if (known == cause) return name;
  }
  return "lost";
}

std::optional<Cause> parse_cause(std::string_view name) noexcept {
  for (const auto& [cause, known] : kCauses) {
    if (known == name) return cause;
  }
  return std::nullopt;
}

Verdict verdict(const Ending& ending) noexcept {
  switch (ending.cause) {
    case Cause::exited:
    case Cause::signalled:
      return own_verdict(ending);
    case Cause::out_of_memory:
    case Cause::too_many_processes:
    case Cause::time_limit:
      return Verdict::user_error;
    case Cause::cancelled:
      return Verdict::cancelled;
    case Cause::not_started:
    case Cause::interrupted:
    case Cause::lost:
      return Verdict::platform_error;
  }
  return Verdict::platform_error;
}

}  // namespace vdk::service
