// A query, read and checked, ready to be answered.
#pragma once

#include <string>
#include <string_view>

#include "graphql/schema.hpp"

namespace vdk::service::graphql {

struct QueryText {
  std::string_view text;
  std::string_view operation{};    // which one of the document; empty: the first
  Value variables = Value::Map{};  // a map
};

// The root of what is asked for: its `fields` are those of `query_type`. Fields for introspection
// are passed over. `inputs` are the types that variables may have besides the scalars. Throws
// QueryError at the first thing that is not right, and where more than 2000 fields are asked for.
[[nodiscard]] Selection bind(const QueryText& query, const ObjectType& query_type,
                             const std::vector<const InputType*>& inputs);

}  // namespace vdk::service::graphql
