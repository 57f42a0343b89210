// login, logout, set-default, reset-default and info.
#include "commands.hpp"
#include "credentials.hpp"
#include "printer.hpp"
#include "service.hpp"
#include "user_folder.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"

namespace vdk::control {
namespace {

constexpr std::string_view kCredentials = "credentials";

Error missing(const std::string& what) {
  return configuration_error({.what = "Login failed: there is no " + what + '.',
                              .consequence = "Nothing was changed.",
                              .countermeasure =
                                  "Give both the token and the URL of the authorization server: "
                                  "vdk login -a TOKEN -u URL"});
}

}  // namespace

int login(Invocation& invocation) {
  Printer printer(invocation);
  if (invocation.get("auth_type") == kCredentials) {
    throw configuration_error(
        {.what = "Logging in through a browser is not possible with this client.",
         .why = "It knows the type api-token only.",
         .consequence = "Nothing was changed.",
         .countermeasure = "Log in with an API token, or with upstream's vdkcli: this client uses "
                           "what that one stores."});
  }
  const Configuration configuration = invocation.configure();
  Credentials credentials;
  credentials.auth_type = "api-token";
  credentials.api_token = invocation.get("api_token");
  if (credentials.api_token.empty()) {
    credentials.api_token = configuration.get_string("api_token");
  }
  credentials.api_token_authorization_url = invocation.get("api_token_authorization_url");
  if (credentials.api_token_authorization_url.empty()) {
    credentials.api_token_authorization_url =
        configuration.get_string("api_token_authorization_url");
  }
  if (credentials.api_token_authorization_url.empty()) {
    throw missing("URL of the authorization server");
  }
  if (credentials.api_token.empty()) {
    credentials.api_token = ask(invocation, "API token", Echo::hidden);
  }
  if (credentials.api_token.empty()) throw missing("API token");
  add_secret(credentials.api_token);
  credentials.refresh(http_settings(configuration));
  credentials.save();
  if (printer.is_json()) {
    printer.map(Value(Value::Map{{"logged_in", true}, {"auth_type", "api-token"}}));
  }
  printer.say("Login Successful");
  return 0;
}

int logout(Invocation& invocation) {
  Printer printer(invocation);
  const bool was = Credentials::forget();
  if (printer.is_json()) printer.map(Value(Value::Map{{"logged_in", false}}));
  printer.say(was ? "Logged out." : "Nobody was logged in.");
  return 0;
}

int set_default(Invocation& invocation) {
  Printer printer(invocation);
  if (!invocation.has("team") && !invocation.has("rest_api_url")) {
    throw UsageError("Give a default to set: --team or --rest-api-url.");
  }
  if (invocation.has("team")) {
    Defaults::set(Defaults::kTeam, invocation.get("team"));
    printer.say("Default team name has been set to `" + invocation.get("team") + "`.");
  }
  if (invocation.has("rest_api_url")) {
    Defaults::set(Defaults::kUrl, invocation.get("rest_api_url"));
    printer.say("Default REST API URL has been set to `" + invocation.get("rest_api_url") + "`.");
  }
  if (printer.is_json()) {
    printer.map(Value(Value::Map{{"team_name", Defaults::get(Defaults::kTeam)},
                                 {"rest_api_url", Defaults::get(Defaults::kUrl)}}));
  }
  return 0;
}

int reset_default(Invocation& invocation) {
  Printer printer(invocation);
  if (!invocation.has("team") && !invocation.has("rest_api_url")) {
    throw UsageError("Give a default to reset: --team or --rest-api-url.");
  }
  if (invocation.has("team")) {
    Defaults::set(Defaults::kTeam, std::nullopt);
    printer.say("Default team name has been reset.");
  }
  if (invocation.has("rest_api_url")) {
    Defaults::set(Defaults::kUrl, std::nullopt);
    printer.say("Default REST API URL has been reset.");
  }
  if (printer.is_json()) {
    printer.map(Value(Value::Map{{"team_name", Defaults::get(Defaults::kTeam)},
                                 {"rest_api_url", Defaults::get(Defaults::kUrl)}}));
  }
  return 0;
}

int info(Invocation& invocation) {
  Printer printer(invocation);
  Service service(invocation);
  std::string team = invocation.get("team");  // the service does not look at it
  if (team.empty()) team = Defaults::get(Defaults::kTeam);
  if (team.empty()) team = "default";
  const Value answer = service.get_json(team_path(team) + "/info");
  if (printer.is_json()) {
    printer.map(answer);
    return 0;
  }
  printer.say("VDK Control service version: " + text_at(answer, "api_version"));
  printer.say("Supported python versions:");
  const Value* versions = answer.find("supported_python_versions");
  if (versions != nullptr && versions->if_list() != nullptr) {
    for (const Value& version : *versions->if_list()) {
      printer.say('\t' + to_python_text(version));
    }
  }
  return 0;
}

}  // namespace vdk::control
