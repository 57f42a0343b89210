#include "http_sink.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <span>
#include <thread>
#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "gzip.hpp"
#include "json_rows.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"
#include "vdk/base/utf8.hpp"

namespace vdk::http {
namespace {

constexpr std::string_view kLogger = "vdk.ingest.http";

// What a person needs to see of an answer's body.
std::string excerpt(std::string_view body) {
  constexpr std::size_t kMost = 300;
  std::string text = redact(body).substr(0, kMost);
  if (const auto invalid = find_invalid_utf8(text)) text.resize(*invalid);
  std::ranges::replace_if(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7F'; }, ' ');
  return text;
}

std::string seconds_in_words(std::chrono::milliseconds time) {
  constexpr int kTenth = 100;
  const auto tenths = (time.count() + kTenth - 1) / kTenth;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

void count(std::vector<Rejection>& rejected, Misfit misfit, std::int64_t row) {
  const auto known = std::ranges::find_if(rejected, [&](const Rejection& other) {
    return other.reason == misfit.reason && other.column == misfit.column;
  });
  if (known != rejected.end()) {
    ++known->rows;
    return;
  }
  rejected.push_back(
      {std::move(misfit.reason), std::move(misfit.column), std::move(misfit.message), row, 1});
}

}  // namespace

std::string idempotency_key(const Load& load, std::string_view url, Place last,
                            std::string_view body) {
  XXH3_state_t state;
  XXH3_128bits_reset(&state);
  const auto add = [&state](std::string_view text) {
    const std::uint64_t size = text.size();  // so that no two lists of texts are one
    XXH3_128bits_update(&state, &size, sizeof(size));
    XXH3_128bits_update(&state, text.data(), text.size());
  };
  add(load.execution);
  add(load.step);
  add(url);
  add(load.destination.table);
  add(std::to_string(last.batch));
  add(std::to_string(last.row));
  add(body);
  XXH128_canonical_t digest;
  XXH128_canonicalFromHash(&digest, XXH3_128bits_digest(&state));
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string key;
  for (const unsigned char byte : digest.digest) {
    key += kDigits[byte >> 4U];
    key += kDigits[byte & 15U];
  }
  return key;
}

HttpSink::HttpSink(Target target, Settings settings, DeadLetter dead_letter)
    : target_(std::move(target)),
      settings_(std::move(settings)),
      dead_letter_(std::move(dead_letter)),
      client_(target_, settings_) {}

LoadPosition HttpSink::begin_load(const Load& load) {
  if (load.options.disposition != Disposition::append) {
    throw user_error({.what = "Rows that are sent over HTTP can only be appended.",
                      .why = "Replacing and merging are a database's.",
                      .consequence = "The rows were not sent.",
                      .countermeasure = "Leave the disposition out, or set it to append."});
  }
  load_ = load;
  accepted_ = {};
  taken_ = {};
  refused_.reset();
  lettered_ = {};
  given_up_.reset();
  return {};
}

WriteResult HttpSink::write(std::span<const Batch> batches, const LoadPosition& after) {
  WriteResult result;
  std::int64_t later = 0;  // rows of the batches that follow
  for (const Batch& batch : batches) later += static_cast<std::int64_t>(batch.rows());
  for (const Batch& batch : batches) {
    later -= static_cast<std::int64_t>(batch.rows());
    write(batch, after.rows - later, result);
  }
  const Taken taken = std::exchange(taken_, {});
  result.rows_stored = taken.rows;
  if (taken.status == 0) return result;
  result.metadata = Value(Value::Map{});
  result.metadata.set("uncompressed_size_in_bytes", static_cast<std::int64_t>(taken.bytes));
  result.metadata.set("compressed_size_in_bytes",
                      taken.compressed_bytes == 0
                          ? Value()
                          : Value(static_cast<std::int64_t>(taken.compressed_bytes)));
  result.metadata.set("http_status", static_cast<std::int64_t>(taken.status));
  return result;
}

// `end`: the rows of the load up to the batch's last, as the step sent them.
void HttpSink::write(const Batch& batch, std::int64_t end, WriteResult& result) {
  const auto rows_given = static_cast<std::int64_t>(batch.rows());
  const std::int64_t before = std::max<std::int64_t>(0, end - rows_given);
  const JsonRows rows(batch, load_.destination.table, settings_.allow_nan);
  std::string body = "[";
  std::int64_t held = 0;  // rows in the body
  const auto flush = [&](std::int64_t last) {
    if (held == 0) return;
    body += ']';
    send(body, std::exchange(held, 0), {end, last});
  };
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    const Place place{end, static_cast<std::int64_t>(row) + 1};
    const std::size_t begin = body.size();
    if (held != 0) body += ", ";
    const std::size_t object = body.size();
    if (std::optional<Misfit> misfit = rows.append(body, row)) {
      body.resize(begin);
      if (place > lettered_) {
        dead_letter_.append(load_, batch, std::span(&row, 1), before + 1, misfit->reason);
        lettered_ = place;
      }
      count(result.rejected, std::move(*misfit), before + place.row);
      continue;
    }
    if (held != 0 && body.size() >= settings_.request_bytes) {
      std::string rest = "[" + body.substr(object);
      body.resize(begin);
      flush(place.row - 1);
      body = std::move(rest);
    }
    ++held;
  }
  flush(rows_given);
}

// Makes sure that the service has the request's rows.
void HttpSink::send(const std::string& body, std::int64_t rows, Place last) {
  if (last <= accepted_) return;
  if (given_up_) throw Error(*given_up_);
  if (refused_ && refused_->last == last) throw Error(refused_->error);
  const std::string key = idempotency_key(load_, target_.url, last, body);
  try {
    if (settings_.compress_from && body.size() >= *settings_.compress_from) {
      const std::string compressed = gzip(body);
      taken_.status = post({.body = compressed, .compressed = true, .key = key});
      taken_.compressed_bytes += compressed.size();
    } else {
      taken_.status = post({.body = body, .key = key});
    }
  } catch (const Error& error) {
    refused_.emplace(last, error);
    throw;
  }
  accepted_ = last;
  taken_.rows += rows;
  taken_.bytes += body.size();
}

// Returns the status of success.
long HttpSink::post(const Request& request) {
  using Clock = std::chrono::steady_clock;
  Backoff backoff(settings_.retries);
  std::optional<Clock::time_point> last_start;  // no repetition begins later
  for (;;) {
    std::optional<Error> error;
    bool transient = false;
    std::optional<std::chrono::seconds> wanted;
    try {
      const Answer answer = client_.post(request);
      constexpr long kSuccess = 2;
      if (answer.status / 100 == kSuccess) return answer.status;
      error = refusal(answer);
      transient = may_pass(answer.status);
      wanted = answer.retry_after;
    } catch (const NoAnswer& failure) {
      error = failure;
      transient = failure.is_transient();
    }
    if (!transient) throw Error(*error);
    if (!last_start) last_start = Clock::now() + settings_.patience;
    std::optional<std::chrono::milliseconds> pause = backoff.next();
    if (pause && wanted) pause = std::max<std::chrono::milliseconds>(*pause, *wanted);
    if (!pause || Clock::now() + *pause > *last_start) {
      given_up_ = error;
      throw Error(*error);
    }
    log(LogLevel::warning, kLogger,
        error->text().what + " " + error->text().why + " The request is repeated in " +
            seconds_in_words(*pause) + ".");
    std::this_thread::sleep_for(*pause);
  }
}

bool HttpSink::may_pass(long status) const {
  constexpr std::array kTransient = {408L, 429L};
  constexpr long kServer = 500;
  return status >= kServer || std::ranges::find(kTransient, status) != kTransient.end() ||
         std::ranges::find(settings_.retried_statuses, status) != settings_.retried_statuses.end();
}

Error HttpSink::refusal(const Answer& answer) const {
  constexpr long kClient = 400;
  const bool passes = may_pass(answer.status);
  ErrorText text{.what = "The service at " + target_.shown + " answered with status " +
                         std::to_string(answer.status) + "."};
  if (const std::optional<Target> place = redirection(answer.redirect)) {
    text.why = "It points to " + place->shown +
               ", and rows and credentials go to no other place than the target.";
    text.countermeasure = "Set the target to the right address.";
  } else {
    const std::string said = excerpt(answer.body);
    text.why = said.empty() ? std::string("It gave no reason.") : "It said: " + said;
    text.countermeasure = passes ? "Run again later, or ask whoever runs the service."
                                 : "Correct the rows, the target or its credentials.";
  }
  text.consequence = "The rows of this request were not ingested.";
  return {passes                    ? ResolvableBy::platform
          : answer.status < kClient ? ResolvableBy::configuration
                                    : ResolvableBy::user,
          std::move(text)};
}

}  // namespace vdk::http
