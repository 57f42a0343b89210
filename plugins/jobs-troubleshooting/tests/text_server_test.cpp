#include "text_server.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include "thread_dump.hpp"

namespace vdk::troubleshooting {
namespace {

constexpr const char* kHere = "127.0.0.1";

std::string ask(int port, std::string_view request) {
  const int connection = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(static_cast<std::uint16_t>(port));
  inet_pton(AF_INET, kHere, &place.sin_addr);
  EXPECT_EQ(connect(connection, reinterpret_cast<const sockaddr*>(&place), sizeof place), 0);
  EXPECT_EQ(send(connection, request.data(), request.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(request.size()));
  shutdown(connection, SHUT_WR);
  std::string answer;
  std::array<char, 4096> piece{};
  for (ssize_t count = 0; (count = recv(connection, piece.data(), piece.size(), 0)) > 0;)
    answer.append(piece.data(), static_cast<std::size_t>(count));
  close(connection);
  return answer;
}

std::string hello(std::string_view path) { return path == "/hello" ? "Hello!\n" : ""; }

TEST(TextServer, answers_what_it_knows_and_nothing_else) {
  const TextServer server(kHere, 18783, hello);
  EXPECT_TRUE(ask(server.port(), "GET /hello?x=1 HTTP/1.1\r\n\r\n").ends_with("\r\n\r\nHello!\n"));
  EXPECT_TRUE(ask(server.port(), "GET /other HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404"));
  EXPECT_TRUE(ask(server.port(), "POST /hello HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 405"));
  EXPECT_EQ(ask(server.port(), "GET /hello"), "") << "half a request";
  const std::string endless(100'000, 'a');
  EXPECT_TRUE(ask(server.port(), "GET /" + endless).starts_with("HTTP/1.1 404") ||
              ask(server.port(), "GET /" + endless).empty());
  EXPECT_TRUE(ask(server.port(), "GET /hello HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 200"));
}

TEST(TextServer, takes_the_next_port_that_is_free) {
  const TextServer first(kHere, 18883, hello);
  const TextServer second(kHere, first.port(), hello);
  EXPECT_GT(second.port(), first.port());
  EXPECT_TRUE(ask(second.port(), "GET /hello HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 200"));
}

TEST(TextServer, a_wrong_address_is_said) {
  EXPECT_THROW(TextServer("everywhere", 18983, hello), std::runtime_error);
}

TEST(ThreadDump, names_the_threads_of_the_process) {
  const std::string dump = dump_threads();
  EXPECT_TRUE(dump.starts_with("Threads:\n"));
  EXPECT_NE(dump.find(' ' + std::to_string(getpid()) + ' '), std::string::npos) << dump;
  EXPECT_EQ(dump.find("Python:"), std::string::npos);
}

}  // namespace
}  // namespace vdk::troubleshooting
