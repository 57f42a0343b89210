// The listener: HTTP/1.1 over TCP or TLS, with limits on everything that a client can stretch.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "http/router.hpp"

namespace vdk::service::http {

struct TlsFiles {
  std::filesystem::path certificate;  // PEM, with the chain
  std::filesystem::path key;
};

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8092;  // 0: any that is free
  std::optional<TlsFiles> tls{};
  std::size_t threads = 16;  // handlers run on them, and may wait for the store
  std::size_t connection_limit = 1024;
  std::uint32_t header_limit = 16 * 1024;
  std::chrono::seconds idle_time{75};      // between requests
  std::chrono::seconds transfer_time{60};  // for a header; for each part of a body or an answer
};

// Looks at a request before its route is sought, with header and address but no body. An answer
// ends the request there.
using Gate = std::function<std::optional<Response>(Request&)>;

// Owns its threads. The router and the gate must outlive it and be callable by any thread.
class Server {
 public:
  // Throws Error (configuration) where it cannot listen: the port is in use, a certificate that
  // cannot be read.
  Server(ServerOptions options, const Router& router, Gate gate);
  ~Server();

  // The port that it listens on.
  [[nodiscard]] std::uint16_t port() const noexcept;

  // Answers requests from now on.
  void start();

  // Accepts nothing more, lets requests at work end for so long, then cuts what is left. Once.
  void stop(std::chrono::milliseconds grace);

 private:
  class Listener;
  std::unique_ptr<Listener> listener_;
};

}  // namespace vdk::service::http
