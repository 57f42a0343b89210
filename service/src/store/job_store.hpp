// Jobs in the database. Every function works within the caller's transaction.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/job.hpp"
#include "store/database.hpp"

namespace vdk::service {

// The job of that name, if it is the team's: otherwise it counts as not there.
[[nodiscard]] std::optional<Job> find_job(Connection& connection, std::string_view team,
                                          std::string_view name);
// The same without a transaction around it.
[[nodiscard]] std::optional<Job> find_job(Database& database, std::string_view team,
                                          std::string_view name);

// False where there is a job of that name, of any team.
[[nodiscard]] bool insert_job(Connection& connection, const Job& job);
// Description and configuration, and nothing else.
void update_job(Connection& connection, const Job& job);
// Takes its properties and secrets along.
void move_job(Connection& connection, const Job& job, std::string_view new_team);
// With its sources, deployment, executions, properties and secrets: whoever makes a job of that
// name next finds nothing of this one.
void delete_job(Connection& connection, const Job& job);

// The column `contacts` of a job.
[[nodiscard]] Contacts parse_contacts(const std::string& text);

}  // namespace vdk::service
