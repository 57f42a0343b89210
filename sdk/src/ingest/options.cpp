#include "base/text.hpp"
#include "ingest/ingester.hpp"

namespace vdk {

std::optional<Disposition> disposition_of(std::string_view word) {
  const std::string known = lower(word);
  if (known == "append") return Disposition::append;
  if (known == "replace") return Disposition::replace;
  if (known == "merge") return Disposition::merge;
  return std::nullopt;
}

std::optional<Contract> contract_of(std::string_view word) {
  const std::string known = lower(word);
  if (known == "evolve") return Contract::evolve;
  if (known == "freeze") return Contract::freeze;
  if (known == "discard_row") return Contract::discard_row;
  if (known == "discard_value") return Contract::discard_value;
  return std::nullopt;
}

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
      .add({.key = "ingest_disposition",
            .default_value = "append",
            .description = "What happens to the rows that a table has: 'append' keeps them, "
                           "'replace' swaps them for the new ones when the step ends well. A call "
                           "that sends rows may say otherwise, 'merge' by keys included."})
      .add({.key = "ingest_contract",
            .description =
                "What happens to rows that do not fit their table: 'evolve' changes the table, "
                "'freeze' rejects them and fails the run, 'discard_row' and 'discard_value' leave "
                "them out and count them. Unset: tables that a load created evolve, others behave "
                "as upstream's plugin of the engine."})
      .add({.key = "ingest_create_tables",
            .default_value = true,
            .description = "Create tables that are missing, with types taken from the rows."})
      .add({.key = "ingest_type_mapping",
            .default_value = "native",
            .description = "Types of the columns of created tables: 'native', or 'upstream' for "
                           "those that upstream's plugin of the engine chose."})
      .add({.key = "ingest_allow_rewrite",
            .default_value = false,
            .description =
                "Widen the type of a column also where that rewrites all rows of a table "
                "(PostgreSQL)."})
      .add({.key = "ingest_ledger",
            .default_value = "auto",
            .description =
                "The table _vdk_loads beside a destination records how far each load has come, in "
                "the transaction of its rows: so nothing is stored twice. 'auto' does without it "
                "where the account may not create it, 'required' refuses then, 'off' never keeps "
                "one."})
      .add({.key = "ingest_ledger_schema",
            .description = "Schema of _vdk_loads and _vdk_tables, if not the destination's."})
      .add({.key = "ingest_max_rejected_rows",
            .default_value = 0,
            .description = "So many rejected rows of a run are tolerated. One more, and the step "
                           "that sent it fails, after all good rows were stored."})
      .add({.key = "ingest_dead_letter",
            .description = "Directory for rejected rows, one file of JSON lines for each table. "
                           "Where it is set, rejected rows do not fail the run."})
      .add({.key = "ingest_retry_seconds",
            .default_value = 30,
            .description = "How long a lost connection is opened again before a batch fails."})
      .add({.key = "ingest_commit_bytes",
            .default_value = std::int64_t{32} << 20,
            .description = "Batches that wait for one destination are committed together up to "
                           "about this size."})
      .add({.key = "ingest_batch_bytes",
            .default_value = std::int64_t{4} << 20,
            .description =
                "Rows that are sent to one destination are stored in batches of about this size."})
      .add(
          {.key = "ingest_queue_bytes",
           .default_value = std::int64_t{48} << 20,
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
