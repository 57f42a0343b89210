// Ingestion into SQLite: one prepared statement and one transaction per batch.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sqlite_connection.hpp"
#include "vdk/ingest/sink.hpp"

namespace vdk::sqlite {

// A destination's name as SQL: what is written like SQL names ("t", main.t, "my table") means what
// it means there, anything else is one name. Quoted either way.
struct TableName {
  std::string schema;  // empty where none is named
  std::string table;
  [[nodiscard]] std::string sql() const;
};
[[nodiscard]] TableName parse_table_name(std::string_view text);
[[nodiscard]] std::string quote_name(std::string_view name);

// Python's isoformat(' ') of the value; what its sqlite3 module writes for dates and times.
[[nodiscard]] std::string date_text(std::int64_t days);
[[nodiscard]] std::string timestamp_text(std::int64_t microseconds, bool utc);

class SqliteSink : public Sink {
 public:
  struct Options {
    std::string default_file;  // for rows sent without a target; may be empty
    bool create_tables = true;
    std::chrono::milliseconds busy_limit{};
  };
  SqliteSink(const Api& api, Options options);
  ~SqliteSink() override;

  // The target is the path of the database file.
  void write(const Destination& destination, const Batch& batch) override;

 private:
  // How batches of one shape go into one table; holds as long as the schema of the database.
  struct Plan {
    std::int64_t schema_version = -1;
    Schema shape;
    Statement insert;
  };
  struct Target {
    std::unique_ptr<Database> database;
    std::map<std::string, Plan, std::less<>> plans;  // by the destination's name of the table
  };
  struct TableColumn {
    std::string name;
    std::string default_value;
    bool has_default = false;
    bool not_null = false;
  };

  [[nodiscard]] Target& open(const std::string& file);
  void write_rows(Target& target, const std::string& table, const Batch& batch);
  [[nodiscard]] const Plan& plan(Target& target, const std::string& table, const Schema& shape);
  [[nodiscard]] Statement prepare_insert(Database& database, const std::string& table,
                                         const Schema& shape);
  [[nodiscard]] std::vector<TableColumn> columns_of(Database& database,
                                                    const TableName& name) const;
  void create_table(Database& database, const TableName& name, const Schema& shape);

  const Api& api_;
  Options options_;
  std::map<std::string, Target> targets_;  // by file
  std::set<std::string> created_;  // file, NUL, lower-cased table: tables that this sink made
};

[[nodiscard]] std::unique_ptr<Sink> open_sink(const Configuration& configuration,
                                              std::string_view section);

}  // namespace vdk::sqlite
