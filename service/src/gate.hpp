// Who may speak to a service that asks nobody who he is: programs of this machine, and no page that
// a browser has open.
#pragma once

#include <string>
#include <vector>

#include "http/server.hpp"

namespace vdk::service {

// Lets pass what is addressed to this machine's loopback by name or number, or to one of
// `allowed_hosts`, and comes from no page of another origin.
[[nodiscard]] http::Gate make_loopback_gate(std::vector<std::string> allowed_hosts);

// Whether only programs of this machine reach the address.
[[nodiscard]] bool is_loopback(const std::string& address);

}  // namespace vdk::service
