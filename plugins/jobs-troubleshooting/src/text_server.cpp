#include "text_server.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace vdk::troubleshooting {

namespace {

constexpr int kPortsToTry = 100;
constexpr int kLongestWaitMs = 5000;
constexpr std::size_t kLongestRequest = 8192;
constexpr int kHighestPort = 65535;

std::string system_says(const std::string& what) { return what + ": " + std::strerror(errno); }

bool wait_for(int descriptor, short events) {
  pollfd waiting{descriptor, events, 0};
  return poll(&waiting, 1, kLongestWaitMs) == 1 && (waiting.revents & events) != 0;
}

void write_all(int connection, std::string_view text) {
  while (!text.empty() && wait_for(connection, POLLOUT)) {
    const ssize_t written = send(connection, text.data(), text.size(), MSG_NOSIGNAL);
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::string response(std::string_view status, std::string_view text) {
  return "HTTP/1.1 " + std::string(status) +
         "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: " +
         std::to_string(text.size()) + "\r\nConnection: close\r\n\r\n" + std::string(text);
}

}  // namespace

TextServer::TextServer(const std::string& address, int port, Page page) : page_(std::move(page)) {
  sockaddr_in place{};
  place.sin_family = AF_INET;
  if (inet_pton(AF_INET, address.c_str(), &place.sin_addr) != 1) {
    throw std::runtime_error("'" + address + "' is no IPv4 address");
  }
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener_ < 0) throw std::runtime_error(system_says("no socket"));
  bool bound = false;
  for (int tried = 0; tried < kPortsToTry && port + tried <= kHighestPort && !bound; ++tried) {
    place.sin_port = htons(static_cast<std::uint16_t>(port + tried));
    bound = bind(listener_, reinterpret_cast<const sockaddr*>(&place), sizeof place) == 0 &&
            listen(listener_, 8) == 0;
  }
  if (!bound || pipe2(stop_, O_CLOEXEC) != 0) {
    const std::string reason = system_says("no free port from " + std::to_string(port) + " on");
    close(listener_);
    throw std::runtime_error(reason);
  }
  socklen_t size = sizeof place;
  getsockname(listener_, reinterpret_cast<sockaddr*>(&place), &size);
  port_ = ntohs(place.sin_port);
  // Signals of the process are for the thread that runs the job.
  sigset_t all;
  sigset_t former;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &former);
  thread_ = std::thread([this] { serve(); });
  pthread_sigmask(SIG_SETMASK, &former, nullptr);
}

TextServer::~TextServer() {
  const char byte = 0;
  while (write(stop_[1], &byte, 1) < 0 && errno == EINTR) {
  }
  thread_.join();
  close(listener_);
  close(stop_[0]);
  close(stop_[1]);
}

void TextServer::serve() {
  for (;;) {
    std::array<pollfd, 2> waiting{{{listener_, POLLIN, 0}, {stop_[0], POLLIN, 0}}};
    if (poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) return;
    if (waiting[1].revents != 0) return;
    const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (connection < 0) continue;
    answer(connection);
    close(connection);
  }
}

void TextServer::answer(int connection) const {
  std::string request;
  std::array<char, 1024> piece{};
  while (request.find("\r\n\r\n") == std::string::npos && request.size() < kLongestRequest) {
    if (!wait_for(connection, POLLIN)) return;
    const ssize_t count = recv(connection, piece.data(), piece.size(), 0);
    if (count <= 0) return;
    request.append(piece.data(), static_cast<std::size_t>(count));
  }
  const std::string_view line = std::string_view(request).substr(0, request.find('\r'));
  if (!line.starts_with("GET ")) {
    return write_all(connection, response("405 Method Not Allowed", "Only GET.\n"));
  }
  std::string_view path = line.substr(4);
  path = path.substr(0, path.find_first_of(" ?"));
  const std::string text = page_(path);
  write_all(connection, text.empty() ? response("404 Not Found", "There is no such page.\n")
                                     : response("200 OK", text));
}

}  // namespace vdk::troubleshooting
