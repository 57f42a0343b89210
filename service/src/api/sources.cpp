// The sources of jobs: upload, download, delete.
#include "api/context.hpp"
#include "api/errors.hpp"
#include "source/archive.hpp"
#include "store/job_store.hpp"
#include "store/source_store.hpp"
#include "vdk/base/utf8.hpp"
#include "vdk/base/value.hpp"

namespace vdk::service {

namespace {

Job job_of(Connection& connection, const http::Request& request) {
  auto job = find_job(connection, request.parameter("team"), request.parameter("job"));
  if (!job) throw EmptyAnswer(404);
  return *job;
}

std::optional<std::string> reason_of(const http::Request& request) {
  const auto reason = request.query("reason");
  if (!reason || reason->find('\0') != std::string_view::npos) return std::nullopt;
  return std::string(*reason);
}

http::Response upload(const ApiContext& context, const http::Request& request) {
  const auto job =
      context.database.read([&](Connection& connection) { return job_of(connection, request); });
  if (request.body.empty()) {
    throw ApiError(400, {.what = "The uploaded sources cannot be accepted.",
                         .why = "The request has no body."});
  }
  auto files = read_archive(request.body, context.settings.archive_limits);
  apply_file_rules(files, context.settings.file_rules);
  const SourceUpload source{.version = version_of(files),
                            .archive = write_archive(files, job.name),
                            .reason = reason_of(request)};
  context.database.write([&](Connection& connection) {
    put_source(connection, job_of(connection, request).name, source);
  });
  context.sources_changed();
  return json_answer(Value::Map{{"version_sha", source.version}});
}

http::Response download(const ApiContext& context, const http::Request& request) {
  auto archive = context.database.read([&](Connection& connection) -> std::optional<std::string> {
    const auto job = job_of(connection, request);
    if (!job.source_version) return std::nullopt;
    return find_source(connection, job.name, *job.source_version);
  });
  if (!archive) return {.status = 404};
  return {.body = std::move(*archive), .content_type = request.accepted_type};
}

http::Response remove(const ApiContext& context, const http::Request& request) {
  context.database.write(
      [&](Connection& connection) { clear_source(connection, job_of(connection, request).name); });
  return {};
}

}  // namespace

void add_source_routes(http::Router& router, const ApiContext& context) {
  const auto path = std::string(kJobPath) + "/sources";
  router.add({.method = "POST",
              .pattern = path,
              .handler = guarded([&context](const auto& r) { return upload(context, r); }),
              .body = http::Body::bytes,
              .body_limit = context.settings.upload_limit});
  router.add({.method = "GET",
              .pattern = path,
              .handler = guarded([&context](const auto& r) { return download(context, r); }),
              .produces = {"application/octet-stream", "application/json"}});
  router.add({.method = "DELETE", .pattern = path, .handler = guarded([&context](const auto& r) {
                                                     return remove(context, r);
                                                   })});
}

}  // namespace vdk::service
