// A small HTTP server for pages of text: one request at a time, from people with curl.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <thread>

namespace vdk::troubleshooting {

class TextServer {
 public:
  // The text of a path; nothing (404) where it is empty. Called in the server's thread.
  using Page = std::function<std::string(std::string_view path)>;

  // Listens at the port, or at the next one that is free. Throws std::runtime_error where the
  // address is wrong or no port is free.
  TextServer(const std::string& address, int port, Page page);
  ~TextServer();  // ends the thread; a request at work is answered before
  TextServer(const TextServer&) = delete;
  TextServer& operator=(const TextServer&) = delete;

  [[nodiscard]] int port() const noexcept { return port_; }

 private:
  void serve();
  void answer(int connection) const;

  Page page_;
  int listener_ = -1;
  int stop_[2] = {-1, -1};
  int port_ = 0;
  std::thread thread_;
};

}  // namespace vdk::troubleshooting
