// PostgreSQL, and Greenplum by its own name, as connections and as ingest methods.
#include "postgres_connection.hpp"
#include "postgres_store.hpp"
#include "vdk/plugin.hpp"

namespace {

class PostgresPlugin : public vdk::Plugin {
 public:
  void contribute(vdk::Contributions& contributions) override {
    contributions.add_connection("postgres", opener(vdk::postgres::kPostgres));
    contributions.add_connection("greenplum", opener(vdk::postgres::kGreenplum));
    contributions.add_sink("postgres", storer(vdk::postgres::kPostgres));
    contributions.add_sink("greenplum", storer(vdk::postgres::kGreenplum));
  }

 private:
  static vdk::ConnectionFactory opener(const vdk::postgres::Engine& engine) {
    return [engine](const vdk::Configuration& configuration, std::string_view section) {
      return vdk::postgres::open_connection(engine, configuration, section);
    };
  }
  static vdk::SinkFactory storer(const vdk::postgres::Engine& engine) {
    return vdk::make_table_sink([engine](const vdk::Configuration& configuration,
                                         std::string_view section, std::string_view) {
      return vdk::postgres::open_store(engine, configuration, section);
    });
  }
};

}  // namespace

VDK_PLUGIN(PostgresPlugin)
