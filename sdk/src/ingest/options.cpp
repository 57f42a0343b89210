#include "ingest/ingester.hpp"

namespace vdk {

void declare_ingest_options(ConfigurationBuilder& builder) {
  builder
      .add({.key = "ingest_method_default",
            .description =
                "Ingestion method of sends that name none; a comma list sends to each of them."})
      .add({.key = "ingest_target_default", .description = "Target of sends that name none."})
      .add({.key = "ingest_payload_preprocess_sequence",
            .description =
                "Methods whose pre-processing every batch passes before it is stored, in order, "
                "separated by commas."})
      .add({.key = "ingest_payload_postprocess_sequence",
            .description =
                "Methods whose post-processing follows every batch, stored or failed, in order, "
                "separated by commas."})
      .add({.key = "ingest_flush",
            .default_value = "step",
            .description = "When sent rows must be stored: 'step', before the step that sent them "
                           "ends, so that "
                           "its failure is the step's; or 'end_of_job', as upstream does."})
      .add({.key = "ingest_batch_bytes",
            .default_value = std::int64_t{4} << 20,
            .description =
                "Rows that are sent to one destination are stored in batches of about this size."})
      .add(
          {.key = "ingest_queue_bytes",
           .default_value = std::int64_t{64} << 20,
           .description =
               "Rows that wait to be stored take about this much memory at most; then sends wait."})
      .add(
          {.key = "ingester_number_of_worker_threads",
           .default_value = 10,
           .description =
               "Destinations that are stored to at once, at most. One destination is always stored "
               "to in the order of the sends."})
      .add({.key = "ingester_payload_size_bytes_threshold",
            .default_value = 512000,
            .description = "Upstream's size of a batch: where it is set, it takes the place of "
                           "ingest_batch_bytes."})
      .add({.key = "ingester_objects_queue_size",
            .default_value = 10000,
            .description = "Accepted for compatibility; ingest_queue_bytes bounds what waits."})
      .add({.key = "ingester_payloads_queue_size",
            .default_value = 50,
            .description = "Accepted for compatibility; ingest_queue_bytes bounds what waits."})
      .add({.key = "ingestion_payload_aggregator_timeout_seconds",
            .default_value = 2,
            .description = "Accepted for compatibility; nothing waits for a timer."})
      .add({.key = "ingester_log_upload_errors",
            .default_value = true,
            .description = "Log a warning for each batch that fails."})
      .add({.key = "ingester_should_raise_exception_on_failure",
            .default_value = true,
            .description = "Fail the step, or the job, where a batch fails. Otherwise failures are "
                           "only counted."})
      .add({.key = "ingester_wait_to_finish_after_every_send",
            .default_value = false,
            .description = "Let each send return only once its rows are stored or failed."});
}

}  // namespace vdk
