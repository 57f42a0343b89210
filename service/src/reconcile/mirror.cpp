#include "reconcile/mirror.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "store/source_store.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"

namespace vdk::service {

namespace {

constexpr std::chrono::seconds kLook{2};
constexpr std::chrono::seconds kFirstPause{5};
constexpr std::chrono::seconds kLongestPause{300};
constexpr int kAtATime = 20;  // archives are in memory meanwhile
constexpr const char* kLogger = "vdk.service.mirror";

}  // namespace

Mirror::Mirror(Database& database, MirrorPlace place, const Leadership& leadership)
    : database_(database),
      leadership_(leadership),
      mirror_(std::move(place)),
      worker_("mirror", kLook, [this] { round(); }) {}

void Mirror::round() {
  if (!leadership_.token() || std::chrono::steady_clock::now() < next_try_) return;
  try {
    while (take_some()) {
    }
    if (!last_failure_.empty()) log(LogLevel::info, kLogger, "works again");
    last_failure_.clear();
    pause_ = {};
    next_try_ = {};
  } catch (const StoreError&) {
    throw;
  } catch (const std::exception& error) {
    pause_ = std::clamp(2 * pause_, kFirstPause, kLongestPause);
    next_try_ = std::chrono::steady_clock::now() + pause_;
    std::string what = error.what();
    if (const auto* known = dynamic_cast<const Error*>(&error))
      what = known->text().what + " " + known->text().why;
    if (what == last_failure_) return;
    last_failure_ = what;
    log(LogLevel::warning, kLogger,
        fmt::format("versions wait to be mirrored, and are deployed all the same: {}", what));
  }
}

bool Mirror::take_some() {
  const auto waiting =
      database_.read([](Connection& connection) { return unmirrored(connection, kAtATime); });
  if (waiting.empty()) return false;
  mirror_.begin();
  std::vector<std::string> commits;
  for (const auto& [job_name, upload, time] : waiting) {
    commits.push_back(mirror_.commit({.job_name = job_name,
                                      .version = upload.version,
                                      .reason = upload.reason,
                                      .author = upload.author,
                                      .time = time},
                                     read_archive(upload.archive, {.ratio = 1'000'000})));
  }
  mirror_.publish();
  database_.write([&](Connection& connection) {
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      mark_mirrored(connection, waiting[i].job_name, waiting[i].upload.version, commits[i]);
    }
  });
  mirror_.tidy();
  return waiting.size() == kAtATime;
}

}  // namespace vdk::service
