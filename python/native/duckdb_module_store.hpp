// DuckDB as a store for rows, through the environment's own module: one engine per file in a
// process.
#pragma once

#include <string>
#include <vector>

#include "duckdb_tables.hpp"
#include "python.hpp"
#include "vdk/hooks/plugin.hpp"

namespace vdk {

class DuckdbModuleStore final : public duckdb::DuckdbTables {
 public:
  // `settings` is a JSON object, or empty.
  DuckdbModuleStore(const std::string& file, const std::string& settings,
                    duckdb::TypeMapping mapping);
  ~DuckdbModuleStore() override;

  void rollback() noexcept override;
  void run(const std::string& sql) override;
  [[nodiscard]] std::vector<std::vector<Value>> query(const std::string& sql) override;
  // The engine reads the batches as one Arrow stream, in as many threads as it has.
  void append(const TableShape& table, std::span<const std::size_t> into,
              std::span<const Batch> batches) override;

 private:
  template <class Call>
  auto with_engine(Call&& call, std::string_view table = {}) -> decltype(call());
  void forget_rows() noexcept;

  SharedObject connection_;
  SharedObject error_class_;
  bool holds_rows_ = false;  // the module keeps the batches of an append that failed
};

[[nodiscard]] SinkFactory duckdb_sink_factory();

}  // namespace vdk
