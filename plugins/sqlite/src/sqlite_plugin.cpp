// SQLite as a connection and as an ingest method.
#include "sqlite_connection.hpp"
#include "sqlite_sink.hpp"
#include "vdk/hooks/plugin.hpp"

namespace {

class SqlitePlugin : public vdk::Plugin {
 public:
  void contribute(vdk::Contributions& contributions) override {
    contributions.add_connection("sqlite", vdk::sqlite::open_connection);
    contributions.add_sink("sqlite", vdk::sqlite::open_sink);
  }
};

}  // namespace

VDK_PLUGIN(SqlitePlugin)
