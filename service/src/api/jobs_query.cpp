// Jobs by GraphQL: one GET whose query says what of which jobs is wanted.
#include "api/context.hpp"
#include "api/errors.hpp"
#include "graphql/jobs.hpp"
#include "vdk/base/error.hpp"

namespace vdk::service {

namespace {

// What is asked for where there is no query.
constexpr std::string_view kStandardQuery =
    "{ jobs(pageNumber: 1, pageSize: 20) { content { jobName config { team description schedule { "
    "scheduleCron } } } totalPages totalItems } }";

std::string_view operation_name(const http::Request& request) {
  auto name = request.query("operation_name").value_or(request.query("operationName").value_or(""));
  if (name.size() > 1 && name.front() == '"' && name.back() == '"') {
    name = name.substr(1, name.size() - 2);
  }
  return name;
}

Value variables(const http::Request& request) {
  const auto text = request.query("variables");
  if (!text) return Value::Map{};
  try {
    auto value = parse_json(*text);
    if (value.if_map() != nullptr) return value;
  } catch (const Error&) {
    // refused below
  }
  throw bad_parameter("variables", "a JSON object", *text);
}

http::Response query_jobs(const ApiContext& context, const http::Request& request) {
  graphql::QueryText query{.text = request.query("query").value_or(""),
                           .operation = operation_name(request),
                           .variables = variables(request)};
  if (query.text.empty()) query.text = kStandardQuery;
  try {
    const auto bound = graphql::bind(query, graphql::query_type(), graphql::input_types());
    auto data = context.database.read([&](Connection& connection) {
      return graphql::answer({.connection = connection,
                              .logs_url =
                                  [&](const Execution& execution, std::string_view team) {
                                    return context.settings.logs_url.of(execution, team);
                                  }},
                             bound);
    });
    return json_answer(Value::Map{{"errors", Value::List{}}, {"data", std::move(data)}});
  } catch (const graphql::QueryError& error) {
    auto refusal =
        json_answer(Value::Map{{"errors", Value::List{error.value()}}, {"data", nullptr}});
    refusal.status = 400;
    return refusal;
  }
}

}  // namespace

void add_query_routes(http::Router& router, const ApiContext& context) {
  RouteAdder{router, context}("GET", std::string(kTeamPath) + "/jobs", query_jobs,
                              http::Body::none);
}

}  // namespace vdk::service
