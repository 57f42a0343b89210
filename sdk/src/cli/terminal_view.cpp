#include "cli/terminal_view.hpp"

#include <array>
#include <cstdlib>

#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/table.hpp"

namespace vdk {

namespace {

constexpr std::string_view kGreen = "32";
constexpr std::string_view kRed = "31";
constexpr std::string_view kYellow = "33";
constexpr std::string_view kDim = "2";
constexpr std::string_view kBold = "1";
constexpr std::array<std::string_view, 8> kFrames{"⣾", "⣽", "⣻", "⢿", "⡿", "⣟", "⣯", "⣷"};
constexpr std::size_t kStepWidth = 44;

std::string text_of(const Event& event, std::string_view key) {
  const Value* value = event.fields.find(key);
  const std::string* text = value ? value->if_string() : nullptr;
  return text ? *text : std::string();
}

std::int64_t integer_of(const Event& event, std::string_view key) {
  const Value* value = event.fields.find(key);
  const std::int64_t* number = value ? value->if_integer() : nullptr;
  return number ? *number : 0;
}

std::string seconds_text(const Event& event) {
  const Value* value = event.fields.find("seconds");
  const double* seconds = value ? value->if_real() : nullptr;
  return seconds
             ? to_duration_text(std::chrono::nanoseconds(static_cast<std::int64_t>(*seconds * 1e9)))
             : std::string();
}

std::string padded(std::string text, std::size_t width) {
  const std::size_t shown = display_width(text);
  if (shown < width) text.append(width - shown, ' ');
  return text;
}

std::string rows_in_words(std::int64_t rows) {
  return fmt::format("  {:>12} {}", with_thousands(rows), plural(rows, "row", "rows"));
}

}  // namespace

TerminalStyle terminal_style() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value ? value : "");
  };
  TerminalStyle style;
  style.redraws = variable("TERM") != "dumb";
  style.colour = variable("NO_COLOR").empty() && style.redraws;
  std::string locale = variable("LC_ALL");
  if (locale.empty()) locale = variable("LC_CTYPE");
  if (locale.empty()) locale = variable("LANG");
  const std::string folded = lower(locale);
  style.unicode =
      folded.find("utf-8") != std::string::npos || folded.find("utf8") != std::string::npos;
  return style;
}

TerminalView::TerminalView(TerminalStyle style, std::function<void(std::string_view)> write)
    : style_(style), write_(std::move(write)), ticker_([this] { tick(); }) {}

TerminalView::~TerminalView() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    start_line();
  }
  stop_.notify_all();
  ticker_.join();
}

std::string TerminalView::paint(std::string_view text, std::string_view colour) const {
  return style_.colour ? fmt::format("\033[{}m{}\033[0m", colour, text) : std::string(text);
}

void TerminalView::tick() {
  std::unique_lock lock(mutex_);
  while (!stop_.wait_for(lock, std::chrono::milliseconds(100), [this] { return stopping_; })) {
    if (running_step_.empty() || !style_.redraws) continue;
    if (others_printing_ > 0 || others_began_line_ || left_to_others_) continue;
    ++frame_;
    draw_live_line();
  }
}

void TerminalView::erase_live_line() {
  if (live_line_drawn_) write_("\r\033[K");
  live_line_drawn_ = false;
}

// Puts what is printed next at the beginning of a line.
void TerminalView::start_line() {
  erase_live_line();
  if (others_began_line_) write_("\n");
  others_began_line_ = false;
}

void TerminalView::make_way() {
  const std::lock_guard lock(mutex_);
  erase_live_line();
  ++others_printing_;
}

void TerminalView::others_printed(bool ended_line) {
  const std::lock_guard lock(mutex_);
  --others_printing_;
  others_began_line_ = !ended_line;
}

void TerminalView::leave_to_others() {
  const std::lock_guard lock(mutex_);
  erase_live_line();
  left_to_others_ = true;
}

void TerminalView::draw_live_line() {
  const auto spent = std::chrono::system_clock::now() - step_start_;
  const std::string mark =
      style_.unicode ? std::string(kFrames[frame_ % kFrames.size()]) : std::string("*");
  std::string line =
      fmt::format("  {} {} {:>9}", paint(mark, kYellow), padded(running_step_, kStepWidth),
                  to_duration_text(std::chrono::duration_cast<std::chrono::nanoseconds>(spent)));
  if (step_rows_ > 0) line += rows_in_words(step_rows_);
  write_(fmt::format("\r\033[K{}", line));
  live_line_drawn_ = true;
}

void TerminalView::print_above(std::string_view lines) {
  const std::lock_guard lock(mutex_);
  start_line();
  write_(lines);
}

void TerminalView::on_event(const Event& event) {
  const std::lock_guard lock(mutex_);
  if (event.type == "run_started") {
    write_(fmt::format("{} {}\n", paint(text_of(event, "job"), kBold),
                       paint(text_of(event, "execution_id"), kDim)));
  } else if (event.type == "step_started") {
    running_step_ = text_of(event, "step");
    if (!text_of(event, "template").empty())
      running_step_ = fmt::format("{} / {}", text_of(event, "template"), running_step_);
    step_start_ = event.time;
    step_rows_ = 0;
  } else if (event.type == "rows_committed") {
    const std::string load =
        fmt::format("{} {}", text_of(event, "method"), text_of(event, "table"));
    const std::int64_t rows = integer_of(event, "rows");
    step_rows_ += rows - rows_by_load_[load];
    rows_by_load_[load] = rows;
  } else if (event.type == "step_ended") {
    start_line();
    left_to_others_ = false;
    const std::string status = text_of(event, "status");
    const bool good = status == "success";
    const bool failed = status == "error";
    const std::string mark = style_.unicode ? (good     ? "✓"
                                               : failed ? "✗"
                                                        : "–")
                                            : (good     ? "ok"
                                               : failed ? "!!"
                                                        : "--");
    std::string line = fmt::format("  {} {} {:>9}",
                                   paint(mark, good     ? kGreen
                                               : failed ? kRed
                                                        : kYellow),
                                   padded(running_step_, kStepWidth), seconds_text(event));
    if (step_rows_ > 0) line += rows_in_words(step_rows_);
    if (!good && !failed) line += fmt::format("  {}", paint(status, kYellow));
    line += "\n";
    write_(line);
    running_step_.clear();
  } else if (event.type == "run_ended") {
    start_line();
    running_step_.clear();
    if (!rows_by_load_.empty()) {
      write_(paint("  rows stored\n", kDim));
      for (const auto& [load, rows] : rows_by_load_) {
        write_(fmt::format("    {} {:>12}\n", padded(load, kStepWidth), with_thousands(rows)));
      }
    }
    const std::string status = text_of(event, "status");
    write_(fmt::format("{} in {}\n", paint(upper(status), status == "success" ? kGreen : kRed),
                       seconds_text(event)));
  }
}

}  // namespace vdk
