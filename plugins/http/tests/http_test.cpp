#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <limits>
#include <thread>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include "gzip.hpp"
#include "http_settings.hpp"
#include "http_sink.hpp"
#include "json_rows.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"
#include "vdk/data/batch_builder.hpp"

namespace vdk::http {
namespace {

// The row that `fill` appends, with the table "t".
std::string json(const std::function<void(BatchBuilder&)>& fill, bool allow_nan = false,
                 std::string_view table = "t") {
  BatchBuilder builder;
  fill(builder);
  builder.end_row();
  const Batch batch = builder.finish();
  std::string out;
  const auto misfit = JsonRows(batch, table, allow_nan).append(out, 0);
  if (!misfit) return out;
  EXPECT_EQ(out, "");
  return misfit->reason + " in " + misfit->column;
}

std::string number(std::string_view decimal) {
  return json([&](BatchBuilder& row) { row.append_decimal(row.column("d"), decimal); });
}

TEST(JsonRows, values_have_upstreams_forms) {
  EXPECT_EQ(json([](BatchBuilder& row) {
              row.append_null(row.column("n"));
              row.append_boolean(row.column("b"), true);
              row.append_integer(row.column("i"), -7);
              row.append_real(row.column("r"), 0.1);
              row.append_text(row.column("t"), "a\"\\\n\x01");
              row.append_binary(row.column("x"), "bytes");
              row.append_date(row.column("d"), 0);
              row.append_timestamp(row.column("ts"), 1);
              row.append_timestamp_utc(row.column("tz"), 0);
              row.append_json(row.column("j"), R"({"a": [1, "\"N"]})");
              row.append_json(row.column("big"), "18446744073709551616");
            }),
            R"({"n": null, "b": true, "i": -7, "r": 0.1, "t": "a\"\\\n\u0001", "x": "bytes", )"
            R"("d": "1970-01-01", "ts": "1970-01-01T00:00:00.000001", )"
            R"("tz": "1970-01-01T00:00:00+00:00", "j": {"a": [1, "\"N"]}, )"
            R"("big": 18446744073709551616, "@table": "t"})");
}

TEST(JsonRows, text_is_ascii) {
  EXPECT_EQ(json([](BatchBuilder& row) {
              row.append_text(row.column("é"), "é€😀");
              row.append_json(row.column("j"), "[\"é\"]");
            }),
            R"({"\u00e9": "\u00e9\u20ac\ud83d\ude00", "j": ["\u00e9"], "@table": "t"})");
}

TEST(JsonRows, decimals_are_numbers_where_json_has_them) {
  EXPECT_EQ(number("1.50"), R"({"d": 1.50, "@table": "t"})");
  EXPECT_EQ(number("-1E+5"), R"({"d": -1E+5, "@table": "t"})");
  for (const char* text : {"+1", ".5", "1.", "01", "1e", "-", "", "1 "}) {
    EXPECT_EQ(number(text), std::string(R"({"d": ")") + text + R"(", "@table": "t"})");
  }
  EXPECT_EQ(number("NaN"), "wrong_type in d");
}

TEST(JsonRows, what_json_lacks_is_rejected) {
  const auto nan = [](BatchBuilder& row) {
    row.append_real(row.column("r"), std::numeric_limits<double>::quiet_NaN());
    row.append_real(row.column("s"), -std::numeric_limits<double>::infinity());
    row.append_json(row.column("j"), "[NaN]");
  };
  EXPECT_EQ(json(nan), "wrong_type in r");
  EXPECT_EQ(json(nan, true), R"({"r": NaN, "s": -Infinity, "j": [NaN], "@table": "t"})");
  EXPECT_EQ(json([](BatchBuilder& row) { row.append_json(row.column("j"), "[-Infinity]"); }),
            "wrong_type in j");
  EXPECT_EQ(json([](BatchBuilder& row) { row.append_text(row.column("t"), "\xED\xA0\x80"); }),
            "not_utf8 in t");
  EXPECT_EQ(json([](BatchBuilder& row) { row.append_json(row.column("j"), "\"\xED\xA0\x80\""); }),
            "not_utf8 in j");
  EXPECT_EQ(json([](BatchBuilder& row) { row.append_binary(row.column("x"), "\xFF"); }),
            "wrong_type in x");
}

TEST(JsonRows, a_row_may_name_its_table) {
  const auto own = [](BatchBuilder& row) { row.append_text(row.column("@table"), "own"); };
  EXPECT_EQ(json(own), R"({"@table": "own"})");
  EXPECT_EQ(json(own, false, ""), R"({"@table": "own"})");
  const auto none = [](BatchBuilder& row) { row.append_null(row.column("@table")); };
  EXPECT_EQ(json(none), R"({"@table": "t"})");
  EXPECT_THROW((void)json(none, false, ""), Error);
}

TEST(IdempotencyKey, tells_requests_apart_and_repetitions_not) {
  Load load{.execution = "e", .step = "10_send.py", .destination = {.table = "t"}};
  const std::string key = idempotency_key(load, "http://h/", {5, 5}, "[1]");
  EXPECT_EQ(key.size(), 32U);
  load.resume = true;
  EXPECT_EQ(idempotency_key(load, "http://h/", {5, 5}, "[1]"), key);
  EXPECT_NE(idempotency_key(load, "http://h/", {6, 5}, "[1]"), key);
  EXPECT_NE(idempotency_key(load, "http://h/", {5, 4}, "[1]"), key);
  EXPECT_NE(idempotency_key(load, "http://h/", {5, 5}, "[2]"), key);
  EXPECT_NE(idempotency_key(load, "http://g/", {5, 5}, "[1]"), key);
  load.step = "20_send.py";
  EXPECT_NE(idempotency_key(load, "http://h/", {5, 5}, "[1]"), key);
}

// A service that takes so many requests over one connection.
class Service {
 public:
  explicit Service(int requests) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(socket_, generic, size), 0);
    EXPECT_EQ(listen(socket_, 1), 0);
    EXPECT_EQ(getsockname(socket_, generic, &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, requests] { serve(requests); });
  }
  ~Service() {
    shutdown(socket_, SHUT_RDWR);
    thread_.join();
    close(socket_);
  }
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  void serve(int requests) const {
    const int client = accept(socket_, nullptr, nullptr);
    std::string read;
    for (; requests > 0 && take(client, read); --requests) {
      constexpr std::string_view kTaken = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n";
      (void)!write(client, kTaken.data(), kTaken.size());
    }
    close(client);
  }

  // Removes a request from what was read, as soon as there is a whole one.
  static bool take(int client, std::string& read) {
    constexpr std::string_view kSize = "Content-Length: ";
    std::array<char, 4096> piece{};
    for (;;) {
      const std::size_t head = read.find("\r\n\r\n");
      if (head != std::string::npos) {
        const std::size_t end = head + 4 + std::stoul(read.substr(read.find(kSize) + kSize.size()));
        if (read.size() >= end) {
          read.erase(0, end);
          return true;
        }
      }
      const ssize_t count = ::read(client, piece.data(), piece.size());
      if (count <= 0) return false;
      read.append(piece.data(), static_cast<std::size_t>(count));
    }
  }

  int socket_;
  int port_ = 0;
  std::thread thread_;
};

Batch batch_of(int rows) {
  BatchBuilder builder;
  for (int row = 0; row < rows; ++row) {
    builder.append_integer(builder.column("n"), 5);
    builder.end_row();
  }
  return builder.finish();
}

std::string metadata(const WriteResult& result) { return to_json(result.metadata); }

TEST(HttpSink, says_how_large_the_requests_were_and_what_the_service_answered) {
  const Service service(4);
  Settings settings;
  settings.read_timeout = std::chrono::seconds(30);
  settings.request_bytes = 1000;
  settings.compress_from = 100;
  HttpSink sink(parse_target(service.url()), settings, DeadLetter(""));
  sink.begin_load({.destination = {.table = "t"}});
  // [{"n": 5, "@table": "t"}]: 25 bytes, and 25 for each further row.
  EXPECT_EQ(metadata(sink.write(std::array{batch_of(1), batch_of(2)}, {.rows = 3})),
            R"({"uncompressed_size_in_bytes": 75, "compressed_size_in_bytes": null, )"
            R"("http_status": 201})");
  const WriteResult large = sink.write(std::array{batch_of(50)}, {.rows = 53});
  EXPECT_EQ(large.rows_stored, 50);
  const std::int64_t* const compressed =
      large.metadata.find("compressed_size_in_bytes")->if_integer();
  ASSERT_NE(compressed, nullptr);
  EXPECT_TRUE(*compressed > 0 && *compressed < 200) << *compressed;
}

TEST(Target, credentials_and_query_are_taken_out_and_hidden) {
  const Target target = parse_target("http://ada:s%2Fcret-1@Host.example/in?token=t0ken#x");
  EXPECT_EQ(target.url, "http://Host.example/in?token=t0ken");
  EXPECT_EQ(target.shown, "http://Host.example/in");
  EXPECT_EQ(target.origin, "http://host.example:80");
  EXPECT_EQ(target.user, "ada");
  EXPECT_EQ(target.password, "s/cret-1");
  EXPECT_EQ(redact("s%2Fcret-1 s/cret-1 token=t0ken ada"), "*** *** *** ada");
  (void)parse_target("https://only-a-token@host/");
  EXPECT_EQ(redact("only-a-token"), "***");
}

TEST(Target, what_is_no_url_of_the_web_is_a_configuration_error) {
  using namespace std::string_literals;
  for (const std::string& target :
       {""s, "host/path"s, "ftp://host/"s, "file:///etc/passwd"s, "http://"s, "http://h/\n"s,
        "http://h/\0x"s, "http://h:99999/"s}) {
    try {
      (void)parse_target(target);
      ADD_FAILURE() << target;
    } catch (const Error& error) {
      EXPECT_EQ(error.resolvable_by(), ResolvableBy::configuration) << target;
    }
  }
  EXPECT_FALSE(redirection("").has_value());
  EXPECT_FALSE(redirection("gopher://h/").has_value());
}

TEST(Gzip, shrinks_what_repeats_and_is_repeatable) {
  const std::string text(100'000, 'x');
  EXPECT_LT(gzip(text).size(), 1000U);
  EXPECT_EQ(gzip(text), gzip(text));
  EXPECT_EQ(gzip("a").substr(0, 2), "\x1F\x8B");
}

}  // namespace
}  // namespace vdk::http
