// The properties of jobs: one JSON object each, replaced as a whole.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "store/database.hpp"

namespace vdk::service {

// JSON text, or nothing.
[[nodiscard]] std::optional<std::string> find_properties(Connection& connection,
                                                         std::string_view team,
                                                         std::string_view job_name);
void put_properties(Connection& connection, std::string_view team, std::string_view job_name,
                    std::string_view content);

}  // namespace vdk::service
