// The output of an attempt on disk: a stream of bytes in segments, files named after the offset at
// which they begin. Old segments go; offsets stay true.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "executor/descriptor.hpp"
#include "executor/executor.hpp"

namespace vdk::service {

struct OutputBounds {
  std::int64_t segment_bytes = std::int64_t{8} << 20;
  int segments = 8;  // the oldest is removed when there are more
};

// Writes each line after the time at which it began. A full disk loses output and nothing else: as
// soon as there is room again, a line says how much.
class LogWriter {
 public:
  LogWriter(std::filesystem::path directory, OutputBounds bounds);

  void append(std::string_view bytes);
  // Ends a line that was not, and says what was lost. Nothing may be appended afterwards.
  void finish();
  [[nodiscard]] std::int64_t lost_bytes() const noexcept { return lost_in_all_; }

 private:
  void mark_time();
  void flush();
  // How many bytes could be stored.
  std::size_t store(std::string_view bytes);
  bool open_segment();

  std::filesystem::path directory_;
  OutputBounds bounds_;
  Descriptor segment_;
  std::int64_t offset_ = 0;         // of the stream's end
  std::int64_t segment_start_ = 0;  // of the open segment
  std::string pending_;             // one call's output, with times
  bool at_line_start_ = true;
  bool stored_line_end_ = true;  // on disk, where output may be missing
  std::int64_t lost_ = 0;        // since the last line that said so
  std::int64_t lost_in_all_ = 0;
  time_t second_ = -1;        // the second that `clock_text_` shows
  std::string clock_text_{};  // "2026-01-31T02:00:00."
};

// A part of a log that may be written to meanwhile. Nothing where there is none.
[[nodiscard]] OutputPart read_log(const std::filesystem::path& directory,
                                  const ReadRequest& request);
// The same of one file of whole lines. `is_final`: nobody writes to it any more.
[[nodiscard]] OutputPart read_lines(const std::filesystem::path& file, const ReadRequest& request,
                                    bool is_final);

}  // namespace vdk::service
