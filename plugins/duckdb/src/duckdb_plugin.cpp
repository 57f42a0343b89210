// DuckDB as a connection and as an ingest method, and Parquet files through it.
#include "duckdb_connection.hpp"
#include "duckdb_parquet.hpp"
#include "duckdb_store.hpp"
#include "vdk/plugin.hpp"

namespace {

class DuckdbPlugin : public vdk::Plugin {
 public:
  void contribute(vdk::Contributions& contributions) override {
    contributions.add_connection("duckdb", vdk::duckdb::open_connection);
    contributions.add_syntax_check("duckdb", vdk::duckdb::check_syntax);
    contributions.add_sink(
        "duckdb",
        vdk::make_table_sink(vdk::duckdb::open_store, "duckdb_ingest_auto_create_table_enabled"));
    contributions.add_format("parquet", vdk::duckdb::parquet_format());
  }
};

}  // namespace

VDK_PLUGIN(DuckdbPlugin)
