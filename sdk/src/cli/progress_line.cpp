#include "cli/progress_line.hpp"

#include <unistd.h>

#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/table.hpp"

namespace vdk {

ProgressLine::ProgressLine(Host& host) : host_(host), is_terminal_(isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() {
  if (drawn_) host_.write_err("\r\x1b[K");
}

void ProgressLine::show(double part, std::int64_t rows) {
  constexpr auto kPause = std::chrono::milliseconds(100);
  const auto now = std::chrono::steady_clock::now();
  if (!is_terminal_ || now < next_) return;
  next_ = now + kPause;
  drawn_ = true;
  const std::string percent = part < 0 ? std::string() : fmt::format("{:3.0f} %  ", part * 100);
  host_.write_err(
      fmt::format("\r\x1b[K{}{} {}", percent, with_thousands(rows), plural(rows, "row", "rows")));
}

}  // namespace vdk
