#include "store/migrations.hpp"

#include <string>

#include <fmt/format.h>

#include "base/text.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"

namespace vdk::service {

namespace {

int version_of(Connection& connection) {
  const auto found = connection.run("SELECT max(number) FROM schema_version");
  return found.rows.empty() ? 0 : static_cast<int>(found.rows.front()[0].integer());
}

void apply(Connection& connection, const Engine& engine, const Migration& migration) {
  for (int attempt = 0;; ++attempt) {
    connection.begin(true);
    try {
      // Whoever inserts the record first does the work; others wait for it here, then see it.
      const auto mine = connection.run(
          "INSERT INTO schema_version (number, name, applied_at) VALUES ($1, $2, $3) "
          "ON CONFLICT (number) DO NOTHING",
          {migration.number, migration.name, now()});
      if (mine.changed == 1) {
        connection.run_script(replace_all(migration.sql, "{blob}", engine.blob_type()));
      }
      connection.commit();
      return;
    } catch (const StoreError& error) {
      connection.roll_back();
      if (error.failure() != StoreFailure::conflict || attempt == 10) throw;
    }
  }
}

}  // namespace

void apply_migrations(Connection& connection, const Engine& engine) {
  apply_migrations(connection, engine, migrations().back().number);
}

void apply_migrations(Connection& connection, const Engine& engine, int last) {
  connection.run_script(
      "CREATE TABLE IF NOT EXISTS schema_version (number bigint PRIMARY KEY, name text NOT NULL, "
      "applied_at bigint NOT NULL)");
  const int found = version_of(connection);
  const int known = migrations().back().number;
  if (found > known) {
    throw configuration_error(
        {.what = fmt::format("The database has schema version {}, and this program knows {}.",
                             found, known),
         .why = "A newer version of the service has used it.",
         .consequence = "The service does not start: it would not understand what is stored.",
         .countermeasure = "Start the newer version, or restore the database from a copy that was "
                           "made before it was used."});
  }
  for (const auto& migration : migrations()) {
    if (migration.number <= found || migration.number > last) continue;
    apply(connection, engine, migration);
    log(LogLevel::info, "vdk.service.store",
        fmt::format("the schema is now at version {} ({})", migration.number, migration.name));
  }
}

}  // namespace vdk::service
