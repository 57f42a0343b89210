// The schema's versions: service/migrations/NNN_*.sql, which the build puts into the program.
#pragma once

#include <span>
#include <string_view>

#include "store/database.hpp"

namespace vdk::service {

struct Migration {
  int number;
  std::string_view name;
  std::string_view sql;
};

// In order, numbered from 1 without a gap.
[[nodiscard]] std::span<const Migration> migrations() noexcept;

// Applies what the database lacks, each migration in a transaction with its record, so an
// interrupted start goes on where it was. Several programs may do so at a time.
void apply_migrations(Connection& connection, const Engine& engine);
// The same up to a version: for tests of later ones.
void apply_migrations(Connection& connection, const Engine& engine, int last);

}  // namespace vdk::service
