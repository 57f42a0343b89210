#include "executor/output_log.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <system_error>
#include <vector>

#include <fmt/format.h>

namespace vdk::service {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kBlock = std::size_t{64} << 10;

struct Segment {
  std::int64_t start;
  fs::path file;
};

std::vector<Segment> segments_of(const fs::path& directory) {
  std::vector<Segment> found;
  std::error_code failure;
  for (fs::directory_iterator at(directory, failure), end; !failure && at != end;
       at.increment(failure)) {
    const std::string name = at->path().filename().string();
    Segment segment{.start = 0, .file = at->path()};
    const char* last = name.data() + name.size();
    if (std::from_chars(name.data(), last, segment.start).ptr == last) found.push_back(segment);
  }
  std::ranges::sort(found, {}, &Segment::start);
  return found;
}

// The bytes of one file from `offset`, at most `limit`.
std::string read_at(const fs::path& file, std::int64_t offset, std::int64_t limit) {
  const Descriptor opened(open(file.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status{};
  if (!opened.is_open() || fstat(opened.get(), &status) != 0) return {};
  const std::int64_t there = std::clamp<std::int64_t>(status.st_size - offset, 0, limit);
  std::string bytes(static_cast<std::size_t>(there), '\0');
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t count = pread(opened.get(), bytes.data() + filled, bytes.size() - filled,
                                offset + static_cast<std::int64_t>(filled));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    filled += static_cast<std::size_t>(count);
  }
  bytes.resize(filled);
  return bytes;
}

std::int64_t size_of(const fs::path& file) {
  std::error_code failure;
  const auto size = fs::file_size(file, failure);
  return failure ? 0 : static_cast<std::int64_t>(size);
}

// Where the last `lines` lines begin. A line end at the very end belongs to the last line.
std::int64_t tail_start(const std::vector<Segment>& segments, std::int64_t lines) {
  std::int64_t missing = lines;
  bool at_end = true;
  for (auto segment = segments.rbegin(); segment != segments.rend(); ++segment) {
    std::int64_t end = size_of(segment->file);
    while (end > 0) {
      const std::int64_t begin = std::max<std::int64_t>(0, end - static_cast<std::int64_t>(kBlock));
      const std::string block = read_at(segment->file, begin, end - begin);
      for (std::size_t i = block.size(); i-- > 0;) {
        const bool is_line_end = block[i] == '\n' && !at_end;
        at_end = false;
        if (is_line_end && --missing == 0)
          return segment->start + begin + static_cast<std::int64_t>(i) + 1;
      }
      end = begin;
    }
  }
  return segments.empty() ? 0 : segments.front().start;
}

OutputPart read_segments(const std::vector<Segment>& segments, const ReadRequest& request) {
  OutputPart part;
  if (segments.empty()) return part;
  std::int64_t at = request.tail_lines > 0 ? tail_start(segments, request.tail_lines)
                                           : std::max<std::int64_t>(request.offset, 0);
  at = std::max(at, segments.front().start);
  const Segment& last = segments.back();
  part.offset = std::min(at, last.start + size_of(last.file));
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const std::int64_t wanted = request.max_bytes - static_cast<std::int64_t>(part.text.size());
    if (wanted <= 0) break;
    const bool is_last = i + 1 == segments.size();
    if (!is_last && segments[i + 1].start <= part.next()) continue;
    std::string more = read_at(segments[i].file, part.next() - segments[i].start, wanted);
    // One that was removed meanwhile: what comes after it is older than what is missing now.
    if (more.empty() && !is_last && part.text.empty()) {
      part.offset = segments[i + 1].start;
      continue;
    }
    part.text += more;
    if (!is_last && part.next() < segments[i + 1].start) break;
  }
  return part;
}

}  // namespace

LogWriter::LogWriter(fs::path directory, OutputBounds bounds)
    : directory_(std::move(directory)), bounds_(bounds) {
  std::error_code failure;
  fs::create_directory(directory_, failure);
}

void LogWriter::mark_time() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (now.tv_sec != second_) {
    second_ = now.tv_sec;
    tm parts{};
    gmtime_r(&now.tv_sec, &parts);
    clock_text_ =
        fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.", parts.tm_year + 1900, parts.tm_mon + 1,
                    parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
  }
  pending_ += clock_text_;
  char digits[] = "000000000Z ";
  for (long rest = now.tv_nsec, i = 8; i >= 0; --i, rest /= 10)
    digits[i] = static_cast<char>('0' + rest % 10);
  pending_.append(digits, sizeof digits - 1);
}

void LogWriter::append(std::string_view bytes) {
  while (!bytes.empty()) {
    if (at_line_start_) mark_time();
    const std::size_t end = bytes.find('\n');
    const std::size_t length = end == std::string_view::npos ? bytes.size() : end + 1;
    pending_ += bytes.substr(0, length);
    at_line_start_ = end != std::string_view::npos;
    bytes.remove_prefix(length);
    if (pending_.size() >= kBlock) flush();
  }
  flush();
}

void LogWriter::finish() {
  if (!at_line_start_) append("\n");
  flush();
  segment_.close();
}

void LogWriter::flush() {
  if (lost_ > 0 && !pending_.empty()) {
    std::string waiting;
    std::swap(waiting, pending_);
    if (!stored_line_end_) pending_ = "\n";
    mark_time();
    pending_ +=
        fmt::format("... {} bytes of output were lost here: they could not be written.\n", lost_);
    if (store(pending_) != pending_.size()) {
      lost_ += static_cast<std::int64_t>(waiting.size());
      lost_in_all_ += static_cast<std::int64_t>(waiting.size());
      pending_.clear();
      return;
    }
    lost_ = 0;
    pending_ = std::move(waiting);
  }
  const auto missing = static_cast<std::int64_t>(pending_.size() - store(pending_));
  lost_ += missing;
  lost_in_all_ += missing;
  pending_.clear();
}

std::size_t LogWriter::store(std::string_view bytes) {
  std::size_t stored = 0;
  while (stored < bytes.size()) {
    if (!segment_.is_open() || offset_ - segment_start_ >= bounds_.segment_bytes) {
      if (!open_segment()) return stored;
    }
    const auto room = static_cast<std::size_t>(bounds_.segment_bytes - (offset_ - segment_start_));
    const std::string_view piece = bytes.substr(stored, room);
    const ssize_t count = write(segment_.get(), piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return stored;
    stored += static_cast<std::size_t>(count);
    offset_ += count;
    stored_line_end_ = bytes[stored - 1] == '\n';
  }
  return stored;
}

bool LogWriter::open_segment() {
  const fs::path file = directory_ / fmt::format("{:020}", offset_);
  Descriptor opened(open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!opened.is_open()) return false;
  segment_ = std::move(opened);
  segment_start_ = offset_;
  std::vector<Segment> all = segments_of(directory_);
  const auto too_many = static_cast<std::ptrdiff_t>(all.size()) - bounds_.segments;
  for (std::ptrdiff_t i = 0; i < too_many; ++i)
    unlink(all[static_cast<std::size_t>(i)].file.c_str());
  return true;
}

OutputPart read_log(const fs::path& directory, const ReadRequest& request) {
  return read_segments(segments_of(directory), request);
}

OutputPart read_lines(const fs::path& file, const ReadRequest& request, bool is_final) {
  std::error_code failure;
  if (!fs::exists(file, failure)) return {};
  OutputPart part = read_segments({{.start = 0, .file = file}}, request);
  const std::size_t end = part.text.rfind('\n');
  const bool is_whole = static_cast<std::int64_t>(part.text.size()) < request.max_bytes;
  if (end != std::string::npos && !(is_final && is_whole)) part.text.resize(end + 1);
  if (end == std::string::npos && is_whole && !is_final) part.text.clear();
  return part;
}

}  // namespace vdk::service
