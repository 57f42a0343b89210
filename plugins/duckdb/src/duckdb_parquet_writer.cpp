#include "duckdb_parquet_writer.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <utility>

#include "duckdb_store.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/temporary_directory.hpp"
#include "vdk/config/configuration.hpp"
#include "vdk/ingest/table_store.hpp"

namespace vdk::duckdb {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTable = "_vdk_parquet";

Error not_made(std::string why) {
  return platform_error({.what = "A Parquet file cannot be made.",
                         .why = std::move(why),
                         .consequence = "The file was not written.",
                         .countermeasure = "Make room in the directory for temporary files, or "
                                           "name another one by TMPDIR."});
}

std::string system_says() { return std::string("The system says: ") + std::strerror(errno) + "."; }

// The rules by which rows come into the table, whatever those of the job are.
Configuration rules() {
  ConfigurationBuilder builder;
  builder.add({.key = "ingest_contract", .default_value = "evolve"})
      .add({.key = "ingest_create_tables", .default_value = true})
      .add({.key = "ingest_ledger", .default_value = "off"})
      .add({.key = "ingest_allow_rewrite", .default_value = true});
  return builder.build();
}

}  // namespace

struct ParquetWriter::State {
  State(const Configuration& configuration, ByteSink to)
      : sink(std::move(to)),
        api(load_api(configuration)),
        place{.path = (directory.path() / "rows.duckdb").string(),
              .settings = {{"memory_limit", kMemoryLimit}}},
        store(api, place),
        table_sink(make_table_sink([this](const Configuration&, std::string_view,
                                          std::string_view) -> std::unique_ptr<TableStore> {
          return std::make_unique<DuckdbStore>(api, place);
        })(ingestion, kMainSection, {.table = std::string(kTable)})) {}

  // The file has its columns also where it has no rows.
  void create_table() {
    std::string columns;
    for (std::size_t i = 0; i < first.schema().size(); ++i) {
      const Column& column = first.column(i);
      columns += (columns.empty() ? "" : ", ") + quote_name(column.field.name) + ' ' +
                 store.column_type(column, 0);
    }
    store.run("CREATE TABLE " + quote_name(kTable) + " (" + columns + ")");
  }

  void hand_on(const fs::path& file) const {
    const int descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) throw not_made(system_says());
    const std::unique_ptr<const int, void (*)(const int*)> owner(
        &descriptor, [](const int* open_one) { close(*open_one); });
    std::string bytes(std::size_t{1} << 20U, '\0');
    for (;;) {
      const ssize_t count = read(descriptor, bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) throw not_made(system_says());
      if (count == 0) return;
      sink({bytes.data(), static_cast<std::size_t>(count)});
    }
  }

  const TemporaryDirectory directory{"parquet"};  // goes last
  const ByteSink sink;
  const Configuration ingestion = rules();
  const Api& api;
  const Place place;
  DuckdbStore store;
  std::unique_ptr<Sink> table_sink;
  LoadPosition position;
  Batch first;  // names the columns as long as there is no row
};

ParquetWriter::ParquetWriter(const Configuration& configuration, ByteSink sink)
    : state_(std::make_unique<State>(configuration, std::move(sink))) {}

ParquetWriter::~ParquetWriter() = default;

void ParquetWriter::write(const Batch& batch) {
  State& state = *state_;
  if (batch.rows() == 0) {
    if (state.first.schema().empty()) state.first = batch;
    return;
  }
  state.position.rows += static_cast<std::int64_t>(batch.rows());
  const WriteResult result = state.table_sink->write({&batch, 1}, state.position);
  if (result.rejected.empty()) return;
  const Rejection& first = result.rejected.front();
  throw user_error({.what = "Row " + std::to_string(first.first_row) +
                            " cannot be written to a Parquet file (" + first.reason +
                            (first.column.empty() ? "" : ", column " + first.column) + ").",
                    .why = first.message,
                    .consequence = "The file was not made.",
                    .countermeasure = "Correct the value or the names of the columns."});
}

void ParquetWriter::finish() {
  State& state = *state_;
  if (state.position.rows == 0) {
    if (state.first.schema().empty()) return;
    state.create_table();
  }
  const fs::path file = state.directory.path() / "rows.parquet";
  state.store.run("COPY " + quote_name(kTable) + " TO " + quote_text(file.string()) +
                  " (FORMAT parquet)");
  state.hand_on(file);
}

}  // namespace vdk::duckdb
