// How far a command is, on one line of a terminal.
#pragma once

#include <chrono>
#include <cstdint>

#include "cli/program.hpp"

namespace vdk {

// Draws on standard error where that is a terminal, and else does nothing. Erases itself.
class ProgressLine {
 public:
  explicit ProgressLine(Host& host);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // `part`: 0 to 1, negative where nobody knows.
  void show(double part, std::int64_t rows);

 private:
  Host& host_;
  bool is_terminal_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point next_{};
};

}  // namespace vdk
