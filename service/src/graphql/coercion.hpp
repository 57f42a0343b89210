// Values of a query as values of the types that its arguments have.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "graphql/document.hpp"
#include "graphql/schema.hpp"

namespace vdk::service::graphql {

// Why a value does not fit; whoever knows the place makes a QueryError of it.
class Unfit : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The value of a variable, or nothing where it has none. Throws QueryError where there is no such
// variable.
using Variables = std::function<std::optional<Value>(const Literal& variable)>;

// Null fits everywhere; one value fits a list. Throws Unfit. Nothing only for a variable without a
// value, which is as if the argument had not been given.
[[nodiscard]] std::optional<Value> coerce(const Literal& literal, const InputType& type,
                                          const Variables& variables);
// The same of a variable's JSON.
[[nodiscard]] Value coerce(const Value& json, const InputType& type);

}  // namespace vdk::service::graphql
