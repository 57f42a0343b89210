// Whatever comes as a query is bound or refused with an error that can be told.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "graphql/job_search.hpp"
#include "graphql/jobs.hpp"
#include "vdk/base/error.hpp"

// Up to the first zero byte it is the query, after it the variables' JSON.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace graphql = vdk::service::graphql;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto end = bytes.find('\0');
  graphql::QueryText query{.text = bytes.substr(0, end)};
  if (end != std::string_view::npos) {
    try {
      query.variables = vdk::parse_json(bytes.substr(end + 1));
    } catch (const vdk::Error&) {
    }
  }
  try {
    const auto bound = graphql::bind(query, graphql::query_type(), graphql::input_types());
    if (bound.name != "Query") std::abort();
    for (const auto& field : bound.fields) {
      if (field.name == "jobs") static_cast<void>(graphql::job_search(field));
    }
  } catch (const graphql::QueryError& error) {
    if (error.value().find("message") == nullptr) std::abort();
  }
  return 0;
}
