// The server on a real socket: what it does with clients that take their time.
#include "http/server.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <future>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

namespace vdk::service::http {
namespace {

class Client {
 public:
  explicit Client(std::uint16_t port) : file_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(file_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { close(file_); }

  void send(std::string_view text) const {
    EXPECT_EQ(::send(file_, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  // All that comes until the server ends the connection.
  [[nodiscard]] std::string read_to_end() const {
    std::string all;
    char part[4096];
    for (ssize_t count = 0; (count = recv(file_, part, sizeof part, 0)) > 0;)
      all.append(part, static_cast<std::size_t>(count));
    return all;
  }

 private:
  int file_;
};

class ServerTest : public testing::Test {
 protected:
  void SetUp() override {
    router_.add({.method = "POST",
                 .pattern = "/task",
                 .handler = [this](const Request&) { return handler_(); },
                 .body = Body::bytes,
                 .body_limit = 1000,
                 .produces = {"text/plain"}});
    server_.emplace(ServerOptions{.port = 0,
                                  .threads = 2,
                                  .idle_time = std::chrono::seconds(1),
                                  .transfer_time = std::chrono::seconds(1)},
                    router_, [](Request&) { return std::nullopt; });
    server_->start();
  }
  void TearDown() override { server_->stop(std::chrono::seconds(1)); }

  Router router_;
  std::function<Response()> handler_ = [] { return Response{.body = "done"}; };
  std::optional<Server> server_;
};

TEST_F(ServerTest, a_client_that_says_nothing_is_let_go) {
  const Client client(server_->port());
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(ServerTest, half_a_header_is_not_waited_for_without_end) {
  const Client client(server_->port());
  client.send("POST /task HTTP/1.1\r\nHost: loc");
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(ServerTest, half_a_body_is_not_waited_for_without_end) {
  const Client client(server_->port());
  client.send("POST /task HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n12345");
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(ServerTest, a_connection_serves_one_request_after_the_other) {
  const Client client(server_->port());
  const std::string request = "POST /task HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n";
  client.send(request + "\r\n" + request + "Connection: close\r\n\r\n");
  const auto answers = client.read_to_end();
  EXPECT_NE(answers.find("done", answers.find("done") + 1), std::string::npos) << answers;
}

TEST_F(ServerTest, a_handler_may_take_longer_than_a_client) {
  std::promise<void> other_was_cut;
  handler_ = [&, waits = other_was_cut.get_future().share()] {
    waits.wait();
    return Response{.body = "done"};
  };
  const Client client(server_->port());
  client.send("POST /task HTTP/1.1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  for (int i = 0; i < 3; ++i) {
    const Client idle(server_->port());
    EXPECT_EQ(idle.read_to_end(), "");
  }
  other_was_cut.set_value();
  EXPECT_TRUE(client.read_to_end().ends_with("done"));
}

}  // namespace
}  // namespace vdk::service::http
