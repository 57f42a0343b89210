#include "connection/connection_registry.hpp"

#include <chrono>

#include <gtest/gtest.h>

#include "vdk/base/error.hpp"
#include "vdk/connection/managed_operation.hpp"
#include "vdk/hooks/hooks.hpp"

namespace vdk {
namespace {

class Fault : public Error {
 public:
  Fault() : Error(ResolvableBy::platform, {.what = "refused"}) {}
  bool is_transient() const noexcept override { return true; }
};

// Stands for a server: remembers statements, and can lose its connection.
struct Server {
  std::vector<std::string> statements;
  int opened = 0;
  int interrupted = 0;
  int faults = 0;  // how many attempts to connect fail
  bool connected = true;
  bool answers = true;
  bool reconnects = false;
};

class ServerConnection : public DriverConnection {
 public:
  ServerConnection(Server& server, std::string section)
      : server_(server), section_(std::move(section)) {
    connect();
  }
  std::unique_ptr<ResultStream> execute(std::string_view sql) override {
    if (!server_.connected) {
      throw platform_error({.what = "connection lost"});
    }
    server_.statements.emplace_back(sql);
    return nullptr;
  }
  bool is_connected() override { return server_.connected; }
  bool answers() override { return server_.answers; }
  bool reconnect() override {
    if (server_.reconnects) connect();
    return server_.reconnects;
  }
  void interrupt() noexcept override { ++server_.interrupted; }
  std::string description() const override { return section_; }

 private:
  void connect() {
    ++server_.opened;
    if (server_.faults > 0) {
      --server_.faults;
      throw Fault();
    }
    server_.connected = true;
    server_.answers = true;
  }

  Server& server_;
  std::string section_;
};

class ConnectionRegistryTest : public testing::Test {
 protected:
  ConnectionFactory factory() {
    return [this](const Configuration&, std::string_view section) {
      return std::make_unique<ServerConnection>(server_, std::string(section));
    };
  }
  static Configuration configured(std::string_view default_type) {
    ConfigurationBuilder builder;
    builder.add({.key = "db_default_type"});
    builder.set("db_default_type", default_type, {OriginKind::config_ini, "config.ini:1"});
    return builder.build();
  }

  Server server_;
  HookDispatcher hooks_;
  ConnectionRegistry registry_{hooks_, {.attempts = 3, .first = std::chrono::milliseconds(1)}};
  Configuration configuration_;
};

TEST_F(ConnectionRegistryTest, the_configured_type_is_the_default) {
  registry_.add("duckdb", factory(), Provider::plugin, "duckdb");
  EXPECT_EQ(registry_.default_type(configured("SQLite")), "sqlite");
}

TEST_F(ConnectionRegistryTest, built_in_types_count_only_where_no_plugin_registered_any) {
  registry_.add("sqlite", factory(), Provider::built_in, "sqlite");
  registry_.add("vdk", factory(), Provider::built_in, "sqlite");
  registry_.add("duckdb", factory(), Provider::built_in, "duckdb");
  EXPECT_EQ(registry_.default_type(configuration_), "sqlite");
  registry_.add("duckdb", factory(), Provider::plugin, "duckdb");
  EXPECT_EQ(registry_.default_type(configuration_), "duckdb");
}

TEST_F(ConnectionRegistryTest, names_of_one_engine_count_once) {
  registry_.add("vdk", factory(), Provider::plugin, "sqlite");
  registry_.add("SQLITE", factory(), Provider::plugin, "sqlite");
  EXPECT_EQ(registry_.default_type(configuration_), "sqlite");
}

TEST_F(ConnectionRegistryTest, several_engines_need_a_choice) {
  registry_.add("sqlite", factory(), Provider::plugin, "sqlite");
  registry_.add("postgres", factory(), Provider::plugin, "postgres");
  try {
    (void)registry_.default_type(configuration_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.resolvable_by(), ResolvableBy::configuration);
    EXPECT_NE(std::string(error.what()).find("postgres, sqlite"), std::string::npos);
  }
}

TEST_F(ConnectionRegistryTest, a_plugin_replaces_a_built_in_type_and_never_the_other_way_round) {
  registry_.add("sqlite", nullptr, Provider::built_in, "sqlite");
  registry_.add("sqlite", factory(), Provider::plugin, "sqlite", "reports");
  registry_.add("sqlite", nullptr, Provider::built_in, "sqlite");
  EXPECT_EQ(registry_.open("SQLite", configuration_).driver().description(), "reports");
}

TEST_F(ConnectionRegistryTest, opens_once_and_keeps_the_connection) {
  registry_.add("sqlite", factory(), Provider::built_in, "sqlite");
  ManagedConnection& first = registry_.open("", configuration_);
  EXPECT_EQ(&registry_.open("sqlite", configuration_), &first);
  EXPECT_EQ(server_.opened, 1);
  EXPECT_TRUE(server_.statements.empty());
}

TEST_F(ConnectionRegistryTest, opens_a_lost_connection_again_behind_the_same_reference) {
  registry_.add("sqlite", factory(), Provider::built_in, "sqlite");
  ManagedConnection& connection = registry_.open("sqlite", configuration_);
  server_.connected = false;
  EXPECT_EQ(&registry_.open("sqlite", configuration_), &connection);
  EXPECT_EQ(server_.opened, 2);
  (void)connection.execute("select 1");
  EXPECT_EQ(server_.statements, std::vector<std::string>{"select 1"});
}

TEST_F(ConnectionRegistryTest, probes_through_the_hooks_where_a_plugin_listens) {
  registry_.add("sqlite", factory(), Provider::built_in, "sqlite");
  int seen = 0;
  hooks_.db_connection_before_operation.add("core", [](ManagedOperation&) { return std::nullopt; });
  (void)registry_.open("sqlite", configuration_);
  (void)registry_.open("sqlite", configuration_);
  EXPECT_TRUE(server_.statements.empty());
  hooks_.db_connection_validate_operation.add("listener", [&](const ManagedOperation&) {
    ++seen;
    return std::nullopt;
  });
  (void)registry_.open("sqlite", configuration_);
  EXPECT_EQ(seen, 1);
  EXPECT_EQ(server_.statements,
            std::vector<std::string>{" select 1 -- Testing if connection is alive."});
}

TEST_F(ConnectionRegistryTest, a_connection_that_does_not_answer_is_opened_again) {
  registry_.add("sqlite", factory(), Provider::built_in, "sqlite");
  (void)registry_.open("sqlite", configuration_);
  server_.answers = false;
  (void)registry_.open("sqlite", configuration_);
  EXPECT_EQ(server_.opened, 2);
}

TEST_F(ConnectionRegistryTest, a_connection_that_can_is_opened_again_in_place) {
  registry_.add("sqlite", factory(), Provider::built_in, "sqlite");
  DriverConnection* const driver = &registry_.open("sqlite", configuration_).driver();
  server_.answers = false;
  server_.reconnects = true;
  server_.faults = 1;
  EXPECT_EQ(&registry_.open("sqlite", configuration_).driver(), driver);
  EXPECT_EQ(server_.opened, 3);
}

TEST_F(ConnectionRegistryTest, a_refused_probe_does_not_close_a_connection_that_answers) {
  registry_.add("sqlite", factory(), Provider::built_in, "sqlite");
  (void)registry_.open("sqlite", configuration_);
  hooks_.db_connection_validate_operation.add(
      "strict",
      [](const ManagedOperation&) -> std::optional<NoResult> { throw user_error({.what = "no"}); });
  (void)registry_.open("sqlite", configuration_);
  EXPECT_EQ(server_.opened, 1);
}

TEST_F(ConnectionRegistryTest, tries_again_after_a_fault_of_the_connection) {
  registry_.add("sqlite", factory(), Provider::built_in, "sqlite");
  server_.faults = 2;
  (void)registry_.open("sqlite", configuration_);
  EXPECT_EQ(server_.opened, 3);
}

TEST_F(ConnectionRegistryTest, gives_up_after_the_last_attempt) {
  registry_.add("sqlite", factory(), Provider::built_in, "sqlite");
  server_.faults = 3;
  EXPECT_THROW((void)registry_.open("sqlite", configuration_), Fault);
  EXPECT_EQ(server_.opened, 3);
}

TEST_F(ConnectionRegistryTest, bad_credentials_fail_at_once) {
  int attempts = 0;
  registry_.add(
      "postgres",
      [&](const Configuration&, std::string_view) -> std::unique_ptr<DriverConnection> {
        ++attempts;
        throw configuration_error({.what = "password authentication failed"});
      },
      Provider::built_in, "postgres");
  EXPECT_THROW((void)registry_.open("postgres", configuration_), Error);
  EXPECT_EQ(attempts, 1);
}

TEST_F(ConnectionRegistryTest, an_interrupt_ends_the_waiting_for_a_server) {
  ConnectionRegistry patient(
      hooks_, {.attempts = 2, .first = std::chrono::hours(1), .longest = std::chrono::hours(1)});
  // The attempt itself is interrupted, as it would be by a signal: no pause follows.
  patient.add(
      "postgres",
      [&](const Configuration&, std::string_view) -> std::unique_ptr<DriverConnection> {
        patient.interrupt();
        throw Fault();
      },
      Provider::built_in, "postgres");
  EXPECT_THROW((void)patient.open("postgres", configuration_), Fault);
}

TEST_F(ConnectionRegistryTest, an_unknown_type_lists_the_known_ones) {
  registry_.add("postgres", factory(), Provider::built_in, "postgres");
  try {
    (void)registry_.open("postgre", configuration_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.resolvable_by(), ResolvableBy::configuration);
    EXPECT_NE(error.text().why.find("postgres"), std::string::npos);
    EXPECT_NE(error.text().countermeasure.find("'postgres'"), std::string::npos);
  }
}

TEST_F(ConnectionRegistryTest, a_blank_query_is_a_user_error_and_reaches_nobody) {
  registry_.add("sqlite", factory(), Provider::built_in, "sqlite");
  EXPECT_THROW((void)registry_.open("sqlite", configuration_).execute(" \n\t"), Error);
  EXPECT_TRUE(server_.statements.empty());
}

TEST_F(ConnectionRegistryTest, interrupts_what_is_open) {
  registry_.add("sqlite", factory(), Provider::built_in, "sqlite");
  registry_.interrupt();
  EXPECT_EQ(server_.interrupted, 0);
  (void)registry_.open("sqlite", configuration_);
  registry_.interrupt();
  EXPECT_EQ(server_.interrupted, 1);
}

}  // namespace
}  // namespace vdk
