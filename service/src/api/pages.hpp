// Files of service/pages, which the build puts into the program.
#pragma once

#include <span>
#include <string_view>

namespace vdk::service {

struct Page {
  std::string_view name;  // "index.html"
  std::string_view content;
};

[[nodiscard]] std::span<const Page> pages() noexcept;

// The content of one that is there, or the program is wrong.
[[nodiscard]] std::string_view page(std::string_view name);

}  // namespace vdk::service
