// The arguments of `jobs` as a search of the store.
#pragma once

#include "graphql/schema.hpp"
#include "store/job_list.hpp"

namespace vdk::service::graphql {

extern const InputType kDirection;
extern const InputType kPredicate;
extern const InputType kPredicates;  // a list of them

// What `jobs` asks for. Throws QueryError for a page or a filter that cannot be.
[[nodiscard]] JobSearch job_search(const Selection& jobs);

}  // namespace vdk::service::graphql
