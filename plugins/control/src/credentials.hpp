// Who the client is to the service: an API token, which is exchanged for short-lived access tokens.
#pragma once

#include <optional>
#include <string>

#include "http_call.hpp"
#include "vdk/config/configuration.hpp"

namespace vdk::control {

// Kept in vdk-cred.json of the user's folder, in the form of upstream's client.
struct Credentials {
  std::string auth_type;
  std::string api_token;
  std::string api_token_authorization_url;
  std::string client_id;
  std::string client_secret;
  std::string authorization_url;
  std::string refresh_token;
  std::string access_token;
  double access_token_expires = 0;  // seconds since 1970

  [[nodiscard]] static Credentials load();
  void save() const;
  // Says whether there were any.
  static bool forget();

  // Gets a new access token from the authorization server. Throws Error (configuration) where it
  // gives none.
  void refresh(const HttpSettings& settings);
};

// The access token for a request, renewed where less than a minute is left of it; nothing where
// nobody is logged in. VDK_API_TOKEN and VDK_API_TOKEN_AUTHORIZATION_URL stand in for a login.
[[nodiscard]] std::optional<std::string> access_token(const Configuration& configuration,
                                                      const HttpSettings& settings);

}  // namespace vdk::control
