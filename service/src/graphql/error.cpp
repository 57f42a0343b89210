#include "graphql/error.hpp"

#include <fmt/format.h>

namespace vdk::service::graphql {

namespace {

Value locations(Location location) {
  return Value::List{Value::Map{{"line", static_cast<std::int64_t>(location.line)},
                                {"column", static_cast<std::int64_t>(location.column)},
                                {"sourceName", nullptr}}};
}

Value names(const std::vector<std::string>& path) {
  if (path.empty()) return nullptr;
  return Value::List(path.begin(), path.end());
}

std::string place(const std::vector<std::string>& path) {
  std::string text;
  for (const auto& name : path) text += (text.empty() ? "" : "/") + name;
  return text;
}

}  // namespace

QueryError QueryError::syntax(const std::string& why, std::string token, Location location) {
  const auto message =
      fmt::format("Invalid syntax at line {} column {}: {}", location.line, location.column, why);
  return {message, Value::Map{{"message", message},
                              {"offendingToken", std::move(token)},
                              {"locations", locations(location)},
                              {"errorType", "InvalidSyntax"},
                              {"path", nullptr},
                              {"extensions", nullptr}}};
}

QueryError QueryError::validation(std::string type, const std::string& why, Location location,
                                  const std::vector<std::string>& path) {
  const auto message = path.empty() ? why : fmt::format("{} @ '{}'", why, place(path));
  return {message, Value::Map{{"message", message},
                              {"locations", locations(location)},
                              {"description", why},
                              {"validationErrorType", std::move(type)},
                              {"queryPath", names(path)},
                              {"extensions", nullptr},
                              {"errorType", "ValidationError"},
                              {"path", nullptr}}};
}

QueryError QueryError::fetching(const std::string& why, Location location,
                                const std::vector<std::string>& path) {
  const auto message = fmt::format("Exception while fetching data (/{}) : {}", place(path), why);
  return {message, Value::Map{{"message", message},
                              {"path", names(path)},
                              {"exception", Value::Map{{"message", why}}},
                              {"locations", locations(location)},
                              {"extensions", nullptr},
                              {"errorType", "DataFetchingException"}}};
}

}  // namespace vdk::service::graphql
