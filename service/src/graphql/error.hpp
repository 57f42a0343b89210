// How a query is refused: errors in the form of GraphQL, as upstream's service words their members.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include "vdk/base/value.hpp"

namespace vdk::service::graphql {

// A place in the text of a query, both counted from 1; a column is a character.
struct Location {
  std::size_t line = 1;
  std::size_t column = 1;
};

// Thrown while a query is read, checked or answered; becomes one member of `errors`.
class QueryError : public std::runtime_error {
 public:
  // It is no GraphQL; `token` is what is in the way, "<EOF>" where the text ends too early.
  [[nodiscard]] static QueryError syntax(const std::string& why, std::string token,
                                         Location location);
  // It does not fit the schema. `type` is a word for programs ("FieldUndefined"), `path` the
  // fields that lead to the place.
  [[nodiscard]] static QueryError validation(std::string type, const std::string& why,
                                             Location location,
                                             const std::vector<std::string>& path = {});
  // The query is fine, and what it asks for cannot be given. `path` is the field's.
  [[nodiscard]] static QueryError fetching(const std::string& why, Location location,
                                           const std::vector<std::string>& path);

  [[nodiscard]] const Value& value() const noexcept { return value_; }

 private:
  QueryError(const std::string& message, Value value)
      : std::runtime_error(message), value_(std::move(value)) {}

  Value value_;
};

}  // namespace vdk::service::graphql
