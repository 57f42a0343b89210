#include "credentials.hpp"

#include <chrono>

#include "user_folder.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"
#include "vdk/base/value.hpp"

namespace vdk::control {
namespace {

constexpr std::string_view kFile = "vdk-cred.json";

std::string text_of(const Value& map, std::string_view key) {
  const Value* value = map.find(key);
  const std::string* text = value != nullptr ? value->if_string() : nullptr;
  return text != nullptr ? *text : std::string();
}

double number_of(const Value& map, std::string_view key) {
  const Value* value = map.find(key);
  if (value == nullptr) return 0;
  if (const std::int64_t* integer = value->if_integer()) return static_cast<double>(*integer);
  if (const double* real = value->if_real()) return *real;
  return 0;
}

double now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(since).count();
}

Value text_or_null(const std::string& text) { return text.empty() ? Value() : Value(text); }

Error not_authorized(const std::string& url, const std::string& why) {
  return configuration_error({.what = "Login failed: " + url + " gave no access token.",
                              .why = why,
                              .consequence = "The service will not know who you are.",
                              .countermeasure = "Check the token and its URL: vdk login --help"});
}

}  // namespace

Credentials Credentials::load() {
  Credentials credentials;
  const std::optional<std::string> text = read_file(user_folder() / kFile);
  if (!text || text->empty()) return credentials;
  Value map;
  try {
    map = parse_json(*text);
  } catch (const Error&) {
    return credentials;  // as good as none: the next login writes it anew
  }
  credentials.auth_type = text_of(map, "auth_type");
  credentials.api_token = text_of(map, "api_token");
  credentials.api_token_authorization_url = text_of(map, "api_token_authorization_url");
  credentials.client_id = text_of(map, "client_id");
  credentials.client_secret = text_of(map, "client_secret");
  credentials.authorization_url = text_of(map, "authorization_url");
  credentials.refresh_token = text_of(map, "refresh_token");
  credentials.access_token = text_of(map, "access_token");
  credentials.access_token_expires = number_of(map, "access_token_expiration_time");
  return credentials;
}

void Credentials::save() const {
  Value map(Value::Map{});
  map.set("authorization_url", text_or_null(authorization_url));
  map.set("refresh_token", text_or_null(refresh_token));
  map.set("access_token", text_or_null(access_token));
  map.set("access_token_expiration_time", access_token_expires);
  map.set("client_id", text_or_null(client_id));
  map.set("client_secret", text_or_null(client_secret));
  map.set("api_token", text_or_null(api_token));
  map.set("api_token_authorization_url", text_or_null(api_token_authorization_url));
  map.set("auth_type", text_or_null(auth_type));
  write_user_file(kFile, to_json(map));
}

bool Credentials::forget() { return remove_user_file(kFile); }

void Credentials::refresh(const HttpSettings& settings) {
  const bool by_api_token = auth_type != "credentials";
  const std::string& url = by_api_token ? api_token_authorization_url : authorization_url;
  const std::string& token = by_api_token ? api_token : refresh_token;
  std::string form = "grant_type=refresh_token&refresh_token=" + url_encoded(token);
  if (!by_api_token) {
    form += "&client_id=" + url_encoded(client_id) + "&client_secret=" + url_encoded(client_secret);
  }
  const HttpAnswer answer = call(
      settings,
      {.method = "POST",
       .url = url,
       .headers = {"Content-Type: application/x-www-form-urlencoded", "Accept: application/json"},
       .body = form});
  if (answer.status != 200) {
    throw not_authorized(url, "It answered with status " + std::to_string(answer.status) + ".");
  }
  Value map;
  try {
    map = parse_json(answer.body);
  } catch (const Error&) {
    throw not_authorized(url, "Its answer is no JSON.");
  }
  access_token = text_of(map, "access_token");
  if (access_token.empty()) throw not_authorized(url, "Its answer has no access_token.");
  access_token_expires = now() + number_of(map, "expires_in");
  if (std::string renewed = text_of(map, "refresh_token"); !by_api_token && !renewed.empty()) {
    refresh_token = std::move(renewed);
  }
}

std::optional<std::string> access_token(const Configuration& configuration,
                                        const HttpSettings& settings) {
  if (Defaults::get(Defaults::kNoAuthentication) == "true") return std::nullopt;
  Credentials credentials = Credentials::load();
  const std::string given_token = configuration.get_string("api_token");
  const bool logged_in = !credentials.access_token.empty() || !credentials.api_token.empty();
  if (!logged_in) {
    if (given_token.empty()) return std::nullopt;
    credentials.auth_type = "api-token";
    credentials.api_token = given_token;
    credentials.api_token_authorization_url =
        configuration.get_string("api_token_authorization_url");
  }
  constexpr double kLeastLeft = 60;
  if (credentials.access_token.empty() || credentials.access_token_expires - now() < kLeastLeft) {
    credentials.refresh(settings);
    if (logged_in) credentials.save();  // what the environment gives is not written down
  }
  add_secret(credentials.access_token);
  return credentials.access_token;
}

}  // namespace vdk::control
