#include "ingest/settings.hpp"

#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/text.hpp"
#include "ingest/ingester.hpp"
#include "vdk/base/error.hpp"

namespace vdk {
namespace {

std::size_t positive(const Configuration& configuration, std::string_view key) {
  const std::int64_t value = configuration.get_integer(key);
  if (value > 0) return static_cast<std::size_t>(value);
  throw configuration_error(
      {.what = fmt::format("{} must be above 0, and is {}.", key, value),
       .consequence = "Rows cannot be ingested.",
       .countermeasure = fmt::format("Correct {}, or remove it: its default fits.", key)});
}

LoadOptions default_options(const Configuration& configuration) {
  const std::string word = configuration.get_string("ingest_disposition");
  const auto disposition = disposition_of(word);
  if (disposition && *disposition != Disposition::merge) return {.disposition = *disposition};
  throw configuration_error(
      {.what = fmt::format("ingest_disposition must be append or replace, and is '{}'.", word),
       .why = "Merging needs keys, which are given with the rows.",
       .consequence = "Rows cannot be ingested.",
       .countermeasure = "Correct ingest_disposition, or pass disposition='merge' and keys=[...] "
                         "with the rows."});
}

}  // namespace

IngestSettings read_ingest_settings(const Configuration& configuration) {
  constexpr std::string_view kUpstreamBatchBytes = "ingester_payload_size_bytes_threshold";
  const bool upstream_size = !configuration.is_default(kUpstreamBatchBytes);
  return {.batch_bytes =
              positive(configuration, upstream_size ? kUpstreamBatchBytes : "ingest_batch_bytes"),
          .queue_bytes = positive(configuration, "ingest_queue_bytes"),
          .commit_bytes = positive(configuration, "ingest_commit_bytes"),
          .load_options = default_options(configuration),
          .most_rejected = configuration.get_integer("ingest_max_rejected_rows"),
          .tolerates_rejected = !configuration.get_string("ingest_dead_letter").empty(),
          .ends_at_step = lower(configuration.get_string("ingest_flush")) != "end_of_job",
          .threads = positive(configuration, "ingester_number_of_worker_threads"),
          .log_errors = configuration.get_bool("ingester_log_upload_errors"),
          .raise_on_failure = configuration.get_bool("ingester_should_raise_exception_on_failure"),
          .wait_after_send = configuration.get_bool("ingester_wait_to_finish_after_every_send")};
}

}  // namespace vdk
