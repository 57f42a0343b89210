#include "api/errors.hpp"

#include <fmt/format.h>

#include "store/database.hpp"
#include "vdk/base/log.hpp"
#include "vdk/base/value.hpp"

namespace vdk::service {

namespace {

std::string or_else(const std::string& text, std::string_view other) {
  return text.empty() ? std::string(other) : text;
}

http::Response answer(unsigned status, const ErrorText& text) {
  http::Response response{.status = status, .content_type = "application/json"};
  response.body = to_json(Value::Map{
      {"what", text.what},
      {"why", or_else(text.why, "The service knows no more than that.")},
      {"consequences", or_else(text.consequence, "The request was refused; nothing was changed.")},
      {"countermeasures", or_else(text.countermeasure, "Correct the request and send it again.")},
  });
  return response;
}

unsigned status_of(const Error& error) {
  return error.resolvable_by() == ResolvableBy::user ? 400 : 503;
}

void report(const http::Request& request, std::string_view why) {
  log(LogLevel::error, "vdk.service.api",
      fmt::format("{} {}: {} op_id={}", request.method, request.url.path, why, request.op_id));
}

http::Response answer_store_error(const StoreError& error) {
  if (error.failure() == StoreFailure::full) {
    return answer(503, {.what = "The service has no room left to store this.",
                        .why = "The disk of its database is full.",
                        .consequence = "Nothing was stored; what was there is as it was.",
                        .countermeasure = "Ask the operator to make room, then send it again."});
  }
  if (error.failure() == StoreFailure::damaged) {
    return answer(503, {.what = "The database of the service is damaged.",
                        .why = "What is stored is not what was written; the log of the service "
                               "says where.",
                        .consequence = "The request had no effect.",
                        .countermeasure = "Ask the operator to put back a copy of it."});
  }
  return answer(503, {.what = "The database of the service did not do what the request needs.",
                      .why = "It cannot be reached, or is too busy at the moment.",
                      .consequence = "The request may or may not have had its effect.",
                      .countermeasure = "Look at the state, then send the request again. The log "
                                        "of the service tells more under this operation's id."});
}

}  // namespace

ApiError bad_parameter(std::string_view name, std::string_view rule, std::string_view value) {
  return {400,
          {.what = fmt::format("'{}' has a value that cannot be accepted.", name),
           .why = fmt::format("It has to be {}; the request says '{}'.", rule, value),
           .consequence = "The request was refused; nothing was changed.",
           .countermeasure = fmt::format("Send a value for '{}' that is {}.", name, rule)}};
}

ApiError bad_json(std::string_view why) {
  return {400,
          {.what = "The body of the request is not the JSON that is expected here.",
           .why = std::string(why),
           .consequence = "The request was refused; nothing was changed.",
           .countermeasure = "Correct the body. The OpenAPI document at /data-jobs/api-docs "
                             "describes it."}};
}

ApiError no_such_job(std::string_view name) {
  return {404,
          {.what = fmt::format("There is no data job '{}' in this team.", name),
           .why = "It was never created, was deleted, or belongs to another team.",
           .consequence = "The request had no effect.",
           .countermeasure = "Look at the team's jobs, and name one of them or create this one."}};
}

ApiError not_deployed(std::string_view name) {
  return {404,
          {.what = fmt::format("The data job '{}' is not deployed.", name),
           .why = "No deployment was asked for, or it is not finished, or it was removed.",
           .consequence = "The request had no effect.",
           .countermeasure = "Deploy the job, wait until its deployment is there, and try again."}};
}

http::Handler guarded(http::Handler handler) {
  return [handler = std::move(handler)](const http::Request& request) -> http::Response {
    try {
      return handler(request);
    } catch (const EmptyAnswer& refusal) {
      return {.status = refusal.status()};
    } catch (const ApiError& error) {
      return answer(error.status(), error.text());
    } catch (const StoreError& error) {
      report(request, error.what());
      return answer_store_error(error);
    } catch (const Error& error) {
      if (status_of(error) != 400) report(request, error.what());
      return answer(status_of(error), error.text());
    } catch (const std::exception& error) {
      report(request, error.what());
      return answer(500, {.what = "The service made a mistake.",
                          .why = "What happened was not foreseen; its log says it.",
                          .consequence = "The request may or may not have had its effect.",
                          .countermeasure = "Report it, with the operation's id (X-OPID)."});
    }
  };
}

}  // namespace vdk::service
