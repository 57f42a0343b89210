// The jobs of the service as GraphQL has them: `jobs(pageNumber, pageSize, filter)`.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "graphql/query.hpp"
#include "model/execution.hpp"
#include "store/database.hpp"

namespace vdk::service::graphql {

struct JobsContext {
  Connection& connection;
  // Where the log of an execution of that team can be seen.
  std::function<std::string(const Execution&, std::string_view team)> logs_url;
};

// The type of queries: its only field is `jobs`.
[[nodiscard]] const ObjectType& query_type();
// The types that variables may have.
[[nodiscard]] const std::vector<const InputType*>& input_types();

// The page that a query asks for, in upstream's form: always `content`, `totalItems` and
// `totalPages`, null and 0 where they were not asked for; null where the query has no `jobs`.
// Throws QueryError.
[[nodiscard]] Value answer(const JobsContext& context, const Selection& query);

}  // namespace vdk::service::graphql
