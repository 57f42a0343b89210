// Where the core's commands end and those of the Control Service's client begin. The client is the
// plugin `control`: it is opened only when a command goes there.
#pragma once

#include <string>
#include <string_view>

#include "cli/command.hpp"

namespace vdk {

// Whether a Control Service is named: by -u, by VDK_CONTROL_SERVICE_REST_API_URL or by the default
// of `vdk set-default`.
[[nodiscard]] bool is_control_service_known(const Invocation& invocation);

// The team that `vdk set-default` keeps; empty where there is none.
[[nodiscard]] std::string default_team();

// Runs the client's part of a command ("create", "properties", "secrets") with the values of the
// command line. Throws Error (configuration) where the client is not installed.
[[nodiscard]] int run_at_control_service(std::string_view command, Invocation& invocation);

}  // namespace vdk
