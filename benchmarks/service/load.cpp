// Asks one path over and over, on a few connections that stay open, and says how often it was
// answered:  load PORT PATH CONNECTIONS REQUESTS
//
// Every answer must be a 200 with a body. The result is "SECONDS" of wall time on standard output.
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

namespace {

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "load: %s\n", why.c_str());
  std::exit(1);
}

int connect_to(int port) {
  const int file = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(file, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("connect");
  const int one = 1;
  setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return file;
}

// Reads one answer; both servers send Content-Length.
void read_answer(int file, std::string& buffer) {
  for (;;) {
    if (const auto end = buffer.find("\r\n\r\n"); end != std::string::npos) {
      const auto length = buffer.find("ontent-Length: ");
      if (!buffer.starts_with("HTTP/1.1 200 ") || length > end) fail(buffer.substr(0, 200));
      const auto body = std::strtoul(buffer.c_str() + length + 15, nullptr, 10);
      if (body == 0) fail("an answer has no body");
      if (buffer.size() >= end + 4 + body) {
        buffer.erase(0, end + 4 + body);
        return;
      }
    }
    char part[16384];
    const ssize_t count = read(file, part, sizeof part);
    if (count <= 0) fail("the server closed the connection");
    buffer.append(part, static_cast<std::size_t>(count));
  }
}

}  // namespace

int main(int count, char** words) {
  if (count != 5) fail("PORT PATH CONNECTIONS REQUESTS");
  const int port = std::atoi(words[1]);
  const int connections = std::atoi(words[3]);
  std::atomic<long> left = std::atol(words[4]);
  const std::string request =
      std::string("GET ") + words[2] + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (int i = 0; i < connections; ++i) {
    threads.emplace_back([&] {
      const int file = connect_to(port);
      std::string buffer;
      while (left.fetch_sub(1) > 0) {
        if (write(file, request.data(), request.size()) != static_cast<ssize_t>(request.size()))
          fail("write");
        read_answer(file, buffer);
      }
      close(file);
    });
  }
  for (auto& thread : threads) thread.join();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("%.6f\n", took.count());
}
