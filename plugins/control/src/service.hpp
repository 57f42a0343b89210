// The Control Service, as one command line talks to it.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http_call.hpp"
#include "vdk/base/value.hpp"
#include "vdk/cli/command.hpp"
#include "vdk/config/configuration.hpp"

namespace vdk::control {

struct JobName {
  std::string team;
  std::string name;
};

class Service {
 public:
  using Query = std::vector<std::pair<std::string, std::string>>;

  // The service's address is, first match: `url`, control_service_rest_api_url, the default of
  // `vdk set-default`. Throws Error (configuration) where there is none.
  explicit Service(Configuration configuration, const std::string& url = {});
  // By the options of a command line.
  explicit Service(Invocation& invocation);

  [[nodiscard]] const std::string& url() const noexcept { return url_; }

  // Requests to a path below /data-jobs/for-team. Statuses below 400 are answers; others throw what
  // the service says in its error (user for 4xx, configuration for 401 and 403, platform for the
  // rest). A body is JSON.
  HttpAnswer get(const std::string& path, const Query& query = {}) {
    return send("GET", path, query, std::nullopt);
  }
  HttpAnswer post(const std::string& path, const Value& body, const Query& query = {}) {
    return send("POST", path, query, to_json(body));
  }
  HttpAnswer put(const std::string& path, const Value& body) {
    return send("PUT", path, {}, to_json(body));
  }
  HttpAnswer patch(const std::string& path, const Value& body) {
    return send("PATCH", path, {}, to_json(body));
  }
  HttpAnswer erase(const std::string& path) { return send("DELETE", path, {}, std::nullopt); }
  HttpAnswer upload(const std::string& path, std::string_view bytes, const Query& query);

  [[nodiscard]] Value get_json(const std::string& path, const Query& query = {});

  // As get, but where the answer is text it goes to the sink as it comes.
  HttpAnswer stream(const std::string& path, const Query& query, decltype(HttpRequest::sink) sink);

  // As send, but with every status as an answer.
  HttpAnswer try_send(const std::string& method, const std::string& path, const Query& query,
                      std::optional<std::string_view> body,
                      std::string_view content_type = "application/json");
  [[noreturn]] void fail(const HttpAnswer& answer, const std::string& path) const;

 private:
  HttpAnswer send(const std::string& method, const std::string& path, const Query& query,
                  const std::optional<std::string>& body);
  // With what every request has.
  HttpRequest request(const std::string& method, const std::string& path, const Query& query);

  Configuration configuration_;
  std::string url_;
  HttpSettings settings_;
  std::string operation_id_;
};

[[nodiscard]] HttpSettings http_settings(const Configuration& configuration);

// {team}, and {team}/jobs/{name}, as parts of a path.
[[nodiscard]] std::string team_path(const std::string& team);
[[nodiscard]] std::string job_path(const JobName& job);

// An option that the command needs: its value, or what a person at a terminal answers to the
// question. Throws UsageError where nobody can be asked.
[[nodiscard]] std::string wanted(Invocation& invocation, std::string_view key,
                                 std::string_view option, std::string_view question);
// The team of a command line, or the default one.
[[nodiscard]] std::string wanted_team(Invocation& invocation);
[[nodiscard]] JobName wanted_job(Invocation& invocation);

// Reads a line; a terminal shows it only where it is no secret.
enum class Echo { shown, hidden };
[[nodiscard]] std::string ask(Invocation& invocation, std::string_view question, Echo echo);

// The member's text, or an empty one.
[[nodiscard]] std::string text_at(const Value& map, std::string_view key);

}  // namespace vdk::control
