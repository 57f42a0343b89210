#include "store/migrations.hpp"

#include <gtest/gtest.h>

#include "vdk/base/error.hpp"
#include "vdk/base/temporary_directory.hpp"

namespace vdk::service {
namespace {

TEST(Migrations, are_numbered_without_a_gap) {
  int number = 0;
  for (const auto& migration : migrations()) EXPECT_EQ(migration.number, ++number);
  EXPECT_GT(number, 0);
}

TEST(Migrations, go_on_from_every_earlier_version) {
  const int newest = migrations().back().number;
  for (int from = 0; from <= newest; ++from) {
    const TemporaryDirectory directory("service-test");
    const auto engine = make_sqlite_engine((directory.path() / "service.db").string());
    auto connection = engine->connect();
    apply_migrations(*connection, *engine, from);
    apply_migrations(*connection, *engine);
    const auto found = connection->run("SELECT count(*), max(number) FROM schema_version");
    EXPECT_EQ(found.rows.at(0)[0].integer(), newest);
    EXPECT_EQ(found.rows.at(0)[1].integer(), newest);
  }
}

TEST(Migrations, refuse_a_database_of_a_newer_program) {
  const TemporaryDirectory directory("service-test");
  const auto engine = make_sqlite_engine((directory.path() / "service.db").string());
  auto connection = engine->connect();
  apply_migrations(*connection, *engine);
  connection->run("INSERT INTO schema_version (number, name, applied_at) VALUES (1000, 'x', 0)");
  EXPECT_THROW(apply_migrations(*connection, *engine), Error);
}

TEST(Database, rolls_back_what_a_body_threw_out_of) {
  const TemporaryDirectory directory("service-test");
  Database database(make_sqlite_engine((directory.path() / "service.db").string()));
  database.migrate();
  EXPECT_THROW(database.write([](Connection& connection) {
    connection.run("INSERT INTO setting (name, value) VALUES ('a', 'b')");
    throw std::runtime_error("no");
  }),
               std::runtime_error);
  EXPECT_TRUE(database.read_one("SELECT 1 FROM setting").rows.empty());
}

TEST(Database, runs_a_body_again_after_a_conflict) {
  const TemporaryDirectory directory("service-test");
  Database database(make_sqlite_engine((directory.path() / "service.db").string()));
  database.migrate();
  int runs = 0;
  database.write([&](Connection&) {
    if (++runs < 3) throw StoreError(StoreFailure::conflict, "again");
  });
  EXPECT_EQ(runs, 3);
}

}  // namespace
}  // namespace vdk::service
