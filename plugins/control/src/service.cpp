#include "service.hpp"

#include <termios.h>
#include <unistd.h>

#include <random>

#include "credentials.hpp"
#include "user_folder.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/version.hpp"

namespace vdk::control {
namespace {

std::string new_operation_id() {
  constexpr std::string_view digits = "0123456789abcdef";
  std::random_device random;
  std::string id;
  for (int i = 0; i < 16; ++i) id += digits[random() % digits.size()];
  return id;
}

std::string address(const Configuration& configuration, std::string url) {
  if (url.empty()) url = configuration.get_string("control_service_rest_api_url");
  if (url.empty()) url = Defaults::get(Defaults::kUrl);
  while (url.ends_with('/')) url.pop_back();
  if (url.empty()) {
    throw configuration_error(
        {.what = "No Control Service is configured.",
         .why = "Neither -u nor VDK_CONTROL_SERVICE_REST_API_URL nor a default says where it is.",
         .consequence = "The command was not carried out.",
         .countermeasure =
             "Give its address once: vdk set-default -u http://server:8092. Or start a "
             "service of your own: vdk server --install"});
  }
  if (!url.starts_with("http://") && !url.starts_with("https://")) {
    throw configuration_error({.what = "'" + url + "' is no address of a Control Service.",
                               .why = "It begins neither with http:// nor with https://.",
                               .consequence = "The command was not carried out.",
                               .countermeasure = "Give an address such as http://server:8092."});
  }
  return url;
}

}  // namespace

HttpSettings http_settings(const Configuration& configuration) {
  HttpSettings settings;
  const auto seconds = [&](std::string_view key) {
    return std::chrono::seconds(std::max<std::int64_t>(1, configuration.get_integer(key)));
  };
  settings.connect_timeout = seconds("control_http_connect_timeout_seconds");
  settings.read_timeout = seconds("control_http_read_timeout_seconds");
  const std::int64_t retries = configuration.get_integer("control_http_total_retries");
  settings.attempts = static_cast<int>(std::clamp<std::int64_t>(retries, 0, 20)) + 1;
  const std::string verify = configuration.get_string("control_http_verify_ssl");
  std::string lower = verify;
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  settings.verify = lower != "false" && lower != "0" && lower != "no" && lower != "off";
  const bool is_word = !settings.verify || lower.empty() || lower == "true" || lower == "1" ||
                       lower == "yes" || lower == "on";
  if (!is_word) settings.authorities = verify;
  return settings;
}

Service::Service(Configuration configuration, const std::string& url)
    : configuration_(std::move(configuration)),
      url_(address(configuration_, url)),
      settings_(http_settings(configuration_)),
      operation_id_(configuration_.get_string("op_id_override")) {
  if (operation_id_.empty()) operation_id_ = new_operation_id();
}

Service::Service(Invocation& invocation)
    : Service(invocation.configure(), invocation.get("rest_api_url")) {}

HttpRequest Service::request(const std::string& method, const std::string& path,
                             const Query& query) {
  HttpRequest request{.method = method, .url = url_ + "/data-jobs/for-team/" + path};
  char separator = '?';
  for (const auto& [key, value] : query) {
    request.url += separator + key + '=' + url_encoded(value);
    separator = '&';
  }
  std::string agent = configuration_.get_string("control_service_user_agent");
  if (agent.empty()) agent = "vdk/" + std::string(version());
  request.headers = {"User-Agent: " + agent, "X-OPID: " + operation_id_};
  if (const auto token = access_token(configuration_, settings_)) {
    request.headers.push_back("Authorization: Bearer " + *token);
  }
  return request;
}

HttpAnswer Service::try_send(const std::string& method, const std::string& path, const Query& query,
                             std::optional<std::string_view> body, std::string_view content_type) {
  HttpRequest sent = request(method, path, query);
  sent.headers.emplace_back("Accept: application/json, application/octet-stream");
  if (body) {
    sent.headers.push_back("Content-Type: " + std::string(content_type));
    sent.body = *body;
  }
  return call(settings_, sent);
}

HttpAnswer Service::stream(const std::string& path, const Query& query,
                           decltype(HttpRequest::sink) sink) {
  HttpRequest sent = request("GET", path, query);
  sent.headers.emplace_back("Accept: text/plain, application/json");
  sent.sink = std::move(sink);
  HttpAnswer answer = call(settings_, sent);
  if (answer.status >= 400 || answer.status < 200) fail(answer, path);
  return answer;
}

HttpAnswer Service::send(const std::string& method, const std::string& path, const Query& query,
                         const std::optional<std::string>& body) {
  HttpAnswer answer = try_send(method, path, query, body);
  if (answer.status >= 400 || answer.status < 200) fail(answer, path);
  return answer;
}

HttpAnswer Service::upload(const std::string& path, std::string_view bytes, const Query& query) {
  HttpAnswer answer = try_send("POST", path, query, bytes, "application/octet-stream");
  if (answer.status >= 400 || answer.status < 200) fail(answer, path);
  return answer;
}

Value Service::get_json(const std::string& path, const Query& query) {
  const HttpAnswer answer = get(path, query);
  try {
    return parse_json(answer.body);
  } catch (const Error& error) {
    throw platform_error({.what = "The answer of " + url_ + " is not understood.",
                          .why = error.what(),
                          .consequence = "The command was not carried out.",
                          .countermeasure = "Check that it is the address of a Control Service."});
  }
}

void Service::fail(const HttpAnswer& answer, const std::string& path) const {
  if (answer.status == 401 || answer.status == 403) {
    const bool known = answer.status == 403;
    throw configuration_error(
        {.what = known ? "You may not do that." : "The service does not know who you are.",
         .why = "It answered with status " + std::to_string(answer.status) + '.',
         .consequence = "The command was not carried out.",
         .countermeasure = known ? "Ask the team that owns the job, or log in as somebody else."
                                 : "Log in: vdk login"});
  }
  Value body;
  try {
    body = parse_json(answer.body);
  } catch (const Error&) {
    // Some errors have no body, or one that is not the service's.
  }
  ErrorText text{.what = text_at(body, "what"),
                 .why = text_at(body, "why"),
                 .consequence = text_at(body, "consequences"),
                 .countermeasure = text_at(body, "countermeasures")};
  if (text.what.empty() && answer.status == 404 && answer.body.empty()) {
    text = {.what = "There is no such job.",
            .why = "The service at " + url_ + " does not know " + path + '.',
            .consequence = "The command was not carried out.",
            .countermeasure =
                "See the jobs that there are: vdk list --all. A new one is made by: "
                "vdk create"};
  }
  if (text.what.empty()) {
    text = {
        .what = "The service refused the request.",
        .why = "It answered with status " + std::to_string(answer.status) + '.',
        .consequence = "The command was not carried out.",
        .countermeasure = "Its log may say more; the request's X-OPID was " + operation_id_ + '.'};
  }
  if (answer.status < 500) throw user_error(std::move(text));
  throw platform_error(std::move(text));
}

std::string team_path(const std::string& team) { return url_encoded(team); }

std::string job_path(const JobName& job) {
  return team_path(job.team) + "/jobs/" + url_encoded(job.name);
}

std::string ask(Invocation& invocation, std::string_view question, Echo echo) {
  const bool silent = echo == Echo::hidden && isatty(STDIN_FILENO) == 1;
  invocation.print_error(std::string(question) + ": ");
  termios before{};
  if (silent) {
    tcgetattr(STDIN_FILENO, &before);
    termios without = before;
    without.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &without);
  }
  std::string answer;
  for (char c = 0; read(STDIN_FILENO, &c, 1) == 1 && c != '\n';) answer += c;
  if (silent) {
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    invocation.print_error("\n");
  }
  return answer;
}

std::string wanted(Invocation& invocation, std::string_view key, std::string_view option,
                   std::string_view question) {
  std::string value = invocation.get(key);
  if (value.empty() && isatty(STDIN_FILENO) == 1) value = ask(invocation, question, Echo::shown);
  if (value.empty()) throw UsageError("Missing option " + std::string(option) + '.');
  return value;
}

std::string wanted_team(Invocation& invocation) {
  if (invocation.has("team")) return invocation.get("team");
  if (std::string team = Defaults::get(Defaults::kTeam); !team.empty()) return team;
  return wanted(invocation, "team", "'-t' / '--team'", "Job Team");
}

JobName wanted_job(Invocation& invocation) {
  std::string name = wanted(invocation, "name", "'-n' / '--name'", "Job Name");
  return {.team = wanted_team(invocation), .name = std::move(name)};
}

std::string text_at(const Value& map, std::string_view key) {
  const Value* value = map.find(key);
  const std::string* text = value != nullptr ? value->if_string() : nullptr;
  return text != nullptr ? *text : std::string();
}

}  // namespace vdk::control
