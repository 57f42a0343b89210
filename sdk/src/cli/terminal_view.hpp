// A run as a person watches it in a terminal: one line a step, the running one live, then a table
// of what each destination got.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "job/events.hpp"
#include "vdk/base/export.hpp"

namespace vdk {

struct TerminalStyle {
  bool colour = true;
  bool unicode = true;
  bool redraws = true;  // a line may be drawn anew in its place
};

// What the environment asks for: NO_COLOR, TERM=dumb, a locale that is not UTF-8.
[[nodiscard]] TerminalStyle terminal_style();

// Turns events into text; thread-safe. The caller gives it every event and prints log lines through
// print_above. Who prints past it on the same terminal says so, and the live line makes way.
class VDK_API TerminalView {
 public:
  TerminalView(TerminalStyle style, std::function<void(std::string_view)> write);
  ~TerminalView();
  TerminalView(const TerminalView&) = delete;
  TerminalView& operator=(const TerminalView&) = delete;

  void on_event(const Event& event);
  // Prints whole lines above the live line.
  void print_above(std::string_view lines);

  // Around somebody else's printing. No live line is drawn meanwhile, nor before a line that it
  // began is ended.
  void make_way();
  void others_printed(bool ended_line);
  // Somebody may print from now on who does not say so: no live line until the step ends.
  void leave_to_others();

 private:
  struct Load {
    std::string label;
    std::int64_t rows = 0;
  };
  void tick();
  void draw_live_line();
  void erase_live_line();
  void start_line();
  [[nodiscard]] std::string paint(std::string_view text, std::string_view colour) const;

  TerminalStyle style_;
  std::function<void(std::string_view)> write_;
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  bool live_line_drawn_ = false;
  int others_printing_ = 0;
  bool others_began_line_ = false;
  bool left_to_others_ = false;
  std::string running_step_;
  TimePoint step_start_{};
  std::int64_t step_rows_ = 0;
  std::map<std::string, std::int64_t> rows_by_load_;  // "method:target table"
  std::size_t frame_ = 0;
  std::thread ticker_;
};

}  // namespace vdk
