// DuckDB as a connection and as an ingest method.
#include "duckdb_connection.hpp"
#include "duckdb_sink.hpp"
#include "vdk/hooks/plugin.hpp"

namespace {

class DuckdbPlugin : public vdk::Plugin {
 public:
  void contribute(vdk::Contributions& contributions) override {
    contributions.add_connection("duckdb", vdk::duckdb::open_connection);
    contributions.add_sink("duckdb", vdk::duckdb::open_sink);
  }
};

}  // namespace

VDK_PLUGIN(DuckdbPlugin)
