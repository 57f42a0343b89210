// What an execution writes: its log, whole, from its end, in parts or as it grows; and its events.
#include <charconv>
#include <limits>

#include <fmt/format.h>

#include "api/errors.hpp"
#include "api/execution_request.hpp"

namespace vdk::service {

namespace {

constexpr std::int64_t kMostJson = std::int64_t{64} << 20;   // bytes of a log in one answer
constexpr std::int64_t kMostRange = std::int64_t{16} << 20;  // of a part that a Range asks for
constexpr const char* kText = "text/plain";
constexpr const char* kUtf8Text = "text/plain; charset=utf-8";

template <typename Integer>
std::optional<Integer> integer(const http::Request& request, std::string_view name) {
  const auto text = request.query(name).value_or("");
  if (text.empty()) return std::nullopt;
  Integer number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw bad_parameter(name, fmt::format("an integer of {} bits", sizeof(Integer) * 8), text);
  }
  return number;
}

// A count of bytes: no sign, and room to add to it.
std::optional<std::int64_t> bytes(const http::Request& request, std::string_view name) {
  const auto number = integer<std::int64_t>(request, name);
  if (number && (*number < 0 || *number > std::numeric_limits<std::int64_t>::max() / 2)) {
    throw bad_parameter(name, "a number of bytes", *request.query(name));
  }
  return number;
}

// An attempt's output from an offset, to its end (`follows`) or as far as it goes now.
class OutputStream : public http::BodyStream {
 public:
  OutputStream(Executor& executor, std::string attempt_id, Output output, std::int64_t offset,
               bool follows)
      : executor_(executor),
        attempt_id_(std::move(attempt_id)),
        output_(output),
        offset_(offset),
        follows_(follows) {}
  std::optional<std::string> next() override {
    if (is_complete_) return std::nullopt;
    auto part = executor_.read(attempt_id_, output_, {.offset = offset_});
    offset_ = part.next();
    is_complete_ = part.complete;
    if (part.text.empty() && (is_complete_ || !follows_)) return std::nullopt;
    return std::move(part.text);
  }

 private:
  Executor& executor_;
  const std::string attempt_id_;
  const Output output_;
  std::int64_t offset_;
  const bool follows_;
  bool is_complete_ = false;
};

// Which part of a log a request's parameters ask for.
struct LogPart {
  explicit LogPart(const http::Request& request)
      : tail_lines(std::max(integer<std::int32_t>(request, "tail_lines").value_or(0), 0)),
        offset(bytes(request, "offset")),
        limit(bytes(request, "limit")) {}

  [[nodiscard]] bool is_counted() const { return offset || limit; }
  // An offset counts before a number of lines.
  [[nodiscard]] ReadRequest request(std::int64_t most) const {
    return {.offset = offset.value_or(0),
            .tail_lines = offset ? 0 : tail_lines,
            .max_bytes = std::min(limit.value_or(most), most)};
  }

  std::int64_t tail_lines;
  std::optional<std::int64_t> offset;
  std::optional<std::int64_t> limit;
};

// The log of one execution, in the forms that it is asked for.
class LogAnswer {
 public:
  LogAnswer(Executor& executor, std::string attempt_id, LogPart part)
      : executor_(executor), attempt_id_(std::move(attempt_id)), part_(part) {}

  // As it always was: one member, without the last line's end.
  [[nodiscard]] http::Response json() const {
    if (part_.is_counted()) return json_part();
    auto text = read(part_.request(kMostJson)).text;
    while (text.ends_with('\n')) text.pop_back();
    // What a run wrote may be in any encoding; JSON is UTF-8.
    return json_answer(Value::Map{{"logs", http::to_utf8(text)}});
  }

  [[nodiscard]] http::Response text(bool follows) const {
    const auto start = read(part_.request(1)).offset;
    return {.content_type = kUtf8Text,
            .headers = {{"X-Log-Offset", std::to_string(start)}},
            .stream = std::make_shared<OutputStream>(executor_, attempt_id_, Output::log, start,
                                                     follows)};
  }

  // Bytes from `first` to `last`; what is there of them.
  [[nodiscard]] http::Response range(std::int64_t first, std::int64_t last) const {
    const auto wanted = std::min(last - first, kMostRange - 1) + 1;
    auto part = read({.offset = first, .max_bytes = wanted});
    http::Response answer{.status = 206, .content_type = kUtf8Text};
    // Older output than is kept begins later; newer than there is, earlier.
    if (part.text.empty() || part.offset > last) {
      answer.status = 416;
      answer.headers.emplace_back("Content-Range", fmt::format("bytes */{}", part.next()));
      answer.content_type.clear();
      return answer;
    }
    part.text.resize(std::min(part.text.size(), static_cast<std::size_t>(last - part.offset) + 1));
    answer.headers.emplace_back(
        "Content-Range",
        fmt::format("bytes {}-{}/{}", part.offset, part.next() - 1,
                    part.complete ? std::to_string(part.next()) : std::string("*")));
    answer.body = std::move(part.text);
    return answer;
  }

 private:
  [[nodiscard]] OutputPart read(const ReadRequest& request) const {
    return executor_.read(attempt_id_, Output::log, request);
  }

  // Bytes as they are but for what is no UTF-8, and where to go on.
  [[nodiscard]] http::Response json_part() const {
    auto part = read(part_.request(kMostJson));
    const auto next = part.next();
    return json_answer(Value::Map{{"logs", http::to_utf8(part.text)},
                                  {"offset", part.offset},
                                  {"next_offset", next},
                                  {"complete", part.complete}});
  }

  Executor& executor_;
  const std::string attempt_id_;
  const LogPart part_;
};

struct Range {
  std::int64_t first = 0;
  std::int64_t last = std::numeric_limits<std::int64_t>::max() / 2;
};

// `bytes=A-B` or `bytes=A-`. Others are passed over, as a server may.
std::optional<Range> range_of(const http::Request& request) {
  auto text = request.header("Range").value_or("");
  constexpr std::string_view kUnit = "bytes=";
  if (!text.starts_with(kUnit)) return std::nullopt;
  text.remove_prefix(kUnit.size());
  Range range;
  const auto* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, range.first);
  if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '-') return std::nullopt;
  if (first.ptr + 1 != end) {
    const auto last = std::from_chars(first.ptr + 1, end, range.last);
    if (last.ec != std::errc{} || last.ptr != end) return std::nullopt;
  }
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max() / 2;
  if (range.first < 0 || range.last < range.first || range.last > kMost) return std::nullopt;
  return range;
}

http::Response read_logs(const ApiContext& context, const http::Request& request) {
  const LogPart part(request);
  const bool follows = flag_of(request, "follow", false);
  const auto execution = context.database.read(
      [&](Connection& connection) { return execution_in(connection, request); });
  if (context.executor == nullptr) return json_answer(Value::Map{{"logs", ""}});
  const LogAnswer log(*context.executor, execution.attempt_id(), part);
  if (follows) return log.text(true);
  if (request.accepted_type != kText) return log.json();
  if (const auto range = range_of(request)) return log.range(range->first, range->last);
  return log.text(false);
}

http::Response read_events(const ApiContext& context, const http::Request& request) {
  const auto execution = context.database.read(
      [&](Connection& connection) { return execution_in(connection, request); });
  if (context.executor == nullptr) return {.status = 404};
  return {.content_type = "application/x-ndjson",
          .stream = std::make_shared<OutputStream>(*context.executor, execution.attempt_id(),
                                                   Output::events, 0, true)};
}

}  // namespace

void add_execution_output_routes(http::Router& router, const ApiContext& context) {
  router.add({.method = "GET",
              .pattern = kExecutionPath + "/logs",
              .handler = guarded(
                  [&context](const http::Request& request) { return read_logs(context, request); }),
              .body_limit = context.settings.json_limit,
              .produces = {"application/json", kText}});
  RouteAdder{router, context}("GET", kExecutionPath + "/events", read_events, http::Body::none,
                              "application/x-ndjson");
}

}  // namespace vdk::service
