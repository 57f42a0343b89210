// PostgreSQL, and Greenplum by its own name, as connections.
#include "postgres_connection.hpp"
#include "vdk/hooks/plugin.hpp"

namespace {

class PostgresPlugin : public vdk::Plugin {
 public:
  void contribute(vdk::Contributions& contributions) override {
    contributions.add_connection("postgres", opener(vdk::postgres::kPostgres));
    contributions.add_connection("greenplum", opener(vdk::postgres::kGreenplum));
  }

 private:
  static vdk::ConnectionFactory opener(const vdk::postgres::Engine& engine) {
    return [engine](const vdk::Configuration& configuration, std::string_view section) {
      return vdk::postgres::open_connection(engine, configuration, section);
    };
  }
};

}  // namespace

VDK_PLUGIN(PostgresPlugin)
