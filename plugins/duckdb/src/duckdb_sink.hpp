// Ingestion into DuckDB: its appender, fed with columns, in one transaction per batch.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "duckdb_connection.hpp"
#include "vdk/ingest/sink.hpp"

namespace vdk::duckdb {

// A destination's name as SQL: what is written like SQL names (t, main.t, "my table") means what it
// means there, anything else is one name.
struct TableName {
  std::vector<std::string> parts;  // [[catalog,] schema,] table
  [[nodiscard]] std::string sql() const;
};
[[nodiscard]] TableName parse_table_name(std::string_view text);
[[nodiscard]] std::string quote_name(std::string_view name);
[[nodiscard]] std::string quote_text(std::string_view text);

class DuckdbSink : public Sink {
 public:
  struct Options {
    Place place;
    bool create_tables = true;
  };
  DuckdbSink(const Api& api, Options options);
  ~DuckdbSink() override;

  // The target is ignored, as upstream does: rows go to the configured database.
  void write(const Destination& destination, const Batch& batch) override;

 private:
  struct TableColumn {
    std::string name;
    std::string type;
  };
  // A table as the catalogue has it.
  struct Table {
    std::string catalog;
    std::string schema;
    std::string name;
    std::vector<TableColumn> columns;
    [[nodiscard]] std::string sql() const;
  };
  // What the columns of a table hold that this sink created: by lower-cased name.
  using OwnColumns = std::map<std::string, Field>;

  void write_once(const Destination& destination, const Batch& batch);
  [[nodiscard]] Table find_table(const TableName& name);
  [[nodiscard]] Table create_table(const TableName& name, const Batch& batch, OwnColumns& own);
  void evolve_table(Table& table, const Batch& batch, OwnColumns& own);
  void append(const Table& table, const std::vector<std::string>& columns, const Batch& batch);
  [[nodiscard]] std::string sql_type(const Column& column, std::size_t rows);
  [[nodiscard]] bool has_json();

  const Api& api_;
  Options options_;
  std::unique_ptr<Connection> connection_;     // opened with the first batch
  std::map<std::string, OwnColumns> created_;  // by lower-cased full name
  int has_json_ = -1;
};

// The narrowest DECIMAL of full width that holds every value of the column exactly, else VARCHAR.
[[nodiscard]] std::string decimal_type(const Column& column, std::size_t rows);

[[nodiscard]] std::unique_ptr<Sink> open_sink(const Configuration& configuration,
                                              std::string_view section);

}  // namespace vdk::duckdb
