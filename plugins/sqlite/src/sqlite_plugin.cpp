// SQLite as a connection and as an ingest method.
#include "sqlite_connection.hpp"
#include "sqlite_store.hpp"
#include "vdk/plugin.hpp"

namespace {

class SqlitePlugin : public vdk::Plugin {
 public:
  void contribute(vdk::Contributions& contributions) override {
    contributions.add_connection("sqlite", vdk::sqlite::open_connection);
    contributions.add_syntax_check("sqlite", vdk::sqlite::check_syntax);
    contributions.add_sink(
        "sqlite",
        vdk::make_table_sink(vdk::sqlite::open_store, "sqlite_ingest_auto_create_table_enabled"));
  }
};

}  // namespace

VDK_PLUGIN(SqlitePlugin)
