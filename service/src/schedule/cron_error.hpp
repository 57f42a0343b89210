// How everything that reads a cron expression refuses it.
#pragma once

#include <cstddef>
#include <string_view>

namespace vdk::service {

// Throws Error (user) about the expression, with the place `offset` in it.
[[noreturn]] void fail_cron(std::string_view expression, std::size_t offset,
                            std::string_view reason, std::string_view countermeasure);

}  // namespace vdk::service
