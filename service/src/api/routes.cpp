// All of the API.
#include "api/context.hpp"

namespace vdk::service {

void add_api_routes(http::Router& router, const ApiContext& context) {
  add_job_routes(router, context);
  add_source_routes(router, context);
  add_query_routes(router, context);
  add_deployment_routes(router, context);
  add_execution_routes(router, context);
  add_property_routes(router, context);
  add_secret_routes(router, context);
  add_information_routes(router, context);
  add_documentation_routes(router, context);
}

}  // namespace vdk::service
