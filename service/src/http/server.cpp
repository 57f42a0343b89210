#include "http/server.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/chunk_encode.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <fmt/format.h>

#include "model/time.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"
#include "vdk/base/utf8.hpp"

namespace vdk::service::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

// A connection is one coroutine, which is at one place at a time: it needs no strand, and runs on
// whichever thread of the context is free.
using Executor = asio::io_context::executor_type;
template <typename T>
using Awaitable = asio::awaitable<T, Executor>;
constexpr asio::use_awaitable_t<Executor> wire;
using Clock = std::chrono::steady_clock;
constexpr std::uint64_t kDroppedBodyLimit = std::uint64_t{64} << 10U;
constexpr std::chrono::milliseconds kStreamPollTime{100};

using Socket = asio::basic_stream_socket<tcp, Executor>;
using TlsStream = asio::ssl::stream<Socket>;

Socket& socket_of(Socket& stream) { return stream; }
Socket& socket_of(TlsStream& stream) { return stream.next_layer(); }

Headers copy_headers(const beast::http::fields& fields) {
  Headers headers;
  for (const auto& field : fields) {
    headers.emplace(std::string(field.name_string()), std::string(field.value()));
  }
  return headers;
}

// What every answer says of itself.
template <typename Message>
void set_common_fields(Message& message, const Response& response, const Request& request) {
  for (const auto& [name, value] : response.headers) message.insert(name, value);
  if (!response.content_type.empty()) {
    message.set(beast::http::field::content_type, response.content_type);
  }
  if (response.carries_op_id) message.set("X-OPID", request.op_id);
  if (message.find(beast::http::field::cache_control) == message.end()) {
    message.set(beast::http::field::cache_control,
                "no-cache, no-store, max-age=0, must-revalidate");
  }
  message.set("X-Frame-Options", "DENY");
  message.set("X-Content-Type-Options", "nosniff");
}

bool peer_is_gone(Socket& socket) {
  char byte = 0;
  return ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

// What may stand in a line of a log and in a database.
bool is_printable(std::string_view text) {
  return !find_invalid_utf8(text) && std::ranges::none_of(text, [](char c) {
    return static_cast<unsigned char>(c) < ' ' || c == '\x7F';
  });
}

[[noreturn]] void fail_to_listen(const ServerOptions& options, const std::string& why) {
  throw configuration_error(
      {.what =
           fmt::format("The service cannot listen on {}, port {}.", options.address, options.port),
       .why = why,
       .consequence = "It does not start.",
       .countermeasure =
           "Choose another --listen or --port, or end the program that has this one."});
}

}  // namespace

class Server::Listener {
 public:
  Listener(ServerOptions options, const Router& router, Gate gate)
      : options_(std::move(options)),
        router_(router),
        gate_(std::move(gate)),
        context_(static_cast<int>(options_.threads)),
        strand_(asio::make_strand(context_)),
        acceptor_(strand_) {
    if (options_.tls) load_certificate();
    listen();
  }

  ~Listener() {
    context_.stop();
    for (auto& thread : threads_) thread.join();
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }

  void start() {
    asio::co_spawn(strand_, accept(), asio::detached);
    asio::co_spawn(strand_, cut_overdue_sessions(), asio::detached);
    for (std::size_t i = 0; i < options_.threads; ++i) {
      threads_.emplace_back([this] { context_.run(); });
    }
  }

  void stop(std::chrono::milliseconds grace) {
    is_stopping_ = true;
    asio::post(strand_, [this] {
      error_code ignored;
      acceptor_.close(ignored);
    });
    std::unique_lock lock(mutex_);
    for (auto* session : sessions_) session->close_if_idle();
    ended_.wait_for(lock, grace, [this] { return sessions_.empty(); });
    lock.unlock();
    context_.stop();
    for (auto& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  // One connection, known while it lives so that one that is overdue can be cut, and a stopping
  // server can end the idle ones. Others only shut its socket, which any thread may.
  class Session {
   public:
    Session(Listener& listener, Socket& socket) : listener_(listener), socket_(socket) {
      error_code error;
      const auto endpoint = socket.remote_endpoint(error);
      if (!error) remote_address_ = endpoint.address().to_string();
      const std::lock_guard lock(listener_.mutex_);
      listener_.sessions_.insert(this);
    }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session() {
      const std::lock_guard lock(listener_.mutex_);
      listener_.sessions_.erase(this);
      listener_.ended_.notify_all();
    }

    [[nodiscard]] const std::string& remote_address() const { return remote_address_; }
    // What the client does next has to be done within the time. A timer of its own for each part of
    // each request would cost more than the request.
    void expires_after(std::chrono::seconds time) { deadline_ = Clock::now() + time; }
    void expires_never() { deadline_ = Clock::time_point::max(); }
    [[nodiscard]] bool is_cut() const { return is_cut_; }
    void set_idle(bool idle) { is_idle_ = idle; }

    // Under the listener's lock.
    void cut_if_overdue(Clock::time_point now) {
      if (deadline_.load() > now || is_cut_.exchange(true)) return;
      ::shutdown(socket_.native_handle(), SHUT_RDWR);
    }
    void close_if_idle() {
      if (is_idle_) ::shutdown(socket_.native_handle(), SHUT_RD);
    }

   private:
    Listener& listener_;
    Socket& socket_;
    std::string remote_address_;
    std::atomic<bool> is_idle_ = true;
    std::atomic<bool> is_cut_ = false;
    std::atomic<Clock::time_point> deadline_ = Clock::time_point::max();
  };

  void load_certificate() {
    try {
      tls_.emplace(asio::ssl::context::tls_server);
      tls_->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                        asio::ssl::context::no_tlsv1_1 | asio::ssl::context::single_dh_use);
      tls_->use_certificate_chain_file(options_.tls->certificate.string());
      tls_->use_private_key_file(options_.tls->key.string(), asio::ssl::context::pem);
    } catch (const std::exception& error) {
      throw configuration_error(
          {.what = fmt::format("The service cannot use the certificate '{}' with the key '{}'.",
                               options_.tls->certificate.string(), options_.tls->key.string()),
           .why = error.what(),
           .consequence = "It does not start.",
           .countermeasure = "Give a PEM file with the certificate and its chain, and the key that "
                             "belongs to it."});
    }
  }

  void listen() {
    error_code error;
    const auto address = asio::ip::make_address(options_.address, error);
    if (error) fail_to_listen(options_, "The address is no IP address: " + error.message());
    const tcp::endpoint endpoint(address, options_.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) fail_to_listen(options_, error.message());
    port_ = acceptor_.local_endpoint().port();
  }

  asio::awaitable<void> cut_overdue_sessions() {
    asio::steady_timer pause(strand_);
    while (!is_stopping_) {
      pause.expires_after(std::chrono::seconds(1));
      co_await pause.async_wait(asio::use_awaitable);
      const std::lock_guard lock(mutex_);
      for (auto* session : sessions_) session->cut_if_overdue(Clock::now());
    }
  }

  asio::awaitable<void> accept() {
    while (!is_stopping_) {
      error_code error;
      auto socket = co_await acceptor_.async_accept(
          context_.get_executor(), asio::redirect_error(asio::use_awaitable, error));
      if (is_stopping_) co_return;
      if (error) {
        // Out of descriptors, or a client that left at once: neither ends the service.
        log(LogLevel::warning, "vdk.service.http", "accept: " + error.message());
        asio::steady_timer pause(strand_, std::chrono::milliseconds(50));
        co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
        continue;
      }
      {
        const std::lock_guard lock(mutex_);
        if (sessions_.size() >= options_.connection_limit) continue;
      }
      socket.set_option(tcp::no_delay(true), error);
      asio::co_spawn(context_.get_executor(), serve(std::move(socket)), asio::detached);
    }
  }

  Awaitable<void> serve(Socket socket) {
    try {
      if (!tls_) {
        Session session(*this, socket);
        co_await serve_requests(socket, session);
        error_code ignored;
        socket.shutdown(tcp::socket::shutdown_send, ignored);
        co_return;
      }
      TlsStream stream(std::move(socket), *tls_);
      Session session(*this, stream.next_layer());
      session.expires_after(options_.transfer_time);
      co_await stream.async_handshake(asio::ssl::stream_base::server, wire);
      co_await serve_requests(stream, session);
      session.expires_after(options_.transfer_time);
      co_await stream.async_shutdown(wire);
    } catch (const boost::system::system_error&) {
      // The client left, was too slow, or spoke something else: nothing that it did not know.
    } catch (const std::exception& error) {
      log(LogLevel::error, "vdk.service.http", std::string("a connection ended: ") + error.what());
    }
  }

  template <typename Stream>
  Awaitable<void> serve_requests(Stream& stream, Session& session) {
    beast::flat_buffer buffer;
    while (!is_stopping_) {
      beast::http::request_parser<beast::http::string_body> parser;
      parser.header_limit(options_.header_limit);
      parser.body_limit(boost::none);
      session.set_idle(buffer.size() == 0);
      session.expires_after(options_.idle_time);
      error_code error;
      co_await beast::http::async_read_header(stream, buffer, parser,
                                              asio::redirect_error(wire, error));
      session.set_idle(false);
      if (session.is_cut()) co_return;
      if (error) {
        co_await answer_broken_header(stream, session, buffer, error);
        co_return;
      }
      if (!co_await serve_request(stream, session, buffer, parser)) co_return;
    }
  }

  // A header that is none is answered and the connection then closed: where the next request would
  // begin is not known.
  template <typename Stream>
  Awaitable<void> answer_broken_header(Stream& stream, Session& session, beast::flat_buffer& buffer,
                                       error_code error) {
    if (error.category() !=
            beast::http::make_error_code(beast::http::error::bad_method).category() ||
        error == beast::http::error::end_of_stream ||
        error == beast::http::error::partial_message) {
      co_return;
    }
    const bool is_long = error == beast::http::error::header_limit;
    auto response = framework_error(is_long ? 431 : 400, "");
    response.carries_op_id = false;
    // A name, because GCC 12 destroys a temporary of a co_await twice.
    const Request unknown;
    co_await write(stream, session, unknown, response, 11, false);
    co_await drain(stream, session, buffer);
  }

  // Says whether the connection may be used again.
  template <typename Stream, typename Parser>
  Awaitable<bool> serve_request(Stream& stream, Session& session, beast::flat_buffer& buffer,
                                Parser& parser) {
    const auto started = std::chrono::steady_clock::now();
    const auto& head = parser.get();
    const unsigned version = head.version();
    Request request;
    request.method = std::string(head.method_string());
    request.target = std::string(head.target());
    request.headers = copy_headers(head);
    request.is_secure = tls_.has_value();
    request.remote_address = session.remote_address();
    const auto op_id = request.header("X-OPID");
    request.op_id = op_id && is_printable(*op_id) ? std::string(*op_id)
                                                  : fmt::format("0{}", to_micros(now()) / 1000);

    auto decided = route(request);
    const auto* const* chosen = std::get_if<const Route*>(&decided);
    // A body that nobody reads is dropped where it is small, else the connection is.
    const auto limit = chosen != nullptr && (*chosen)->body != Body::none ? (*chosen)->body_limit
                                                                          : kDroppedBodyLimit;
    const auto length = parser.content_length();
    bool is_read = true;
    if (length && *length > limit) {
      if (chosen != nullptr) decided = too_large(request, limit);
      is_read = false;
    } else {
      parser.body_limit(limit);
      if (beast::iequals(head[beast::http::field::expect], "100-continue")) {
        beast::http::response<beast::http::empty_body> go_on(beast::http::status::continue_,
                                                             version);
        co_await beast::http::async_write(stream, go_on, wire);
      }
      error_code error;
      co_await read_body(stream, session, buffer, parser, error);
      if (session.is_cut()) co_return false;
      if (error == beast::http::error::body_limit) {
        if (chosen != nullptr) decided = too_large(request, limit);
        is_read = false;
      } else if (error) {
        decided = framework_error(400, request.url.path);
        is_read = false;
      }
    }
    chosen = std::get_if<const Route*>(&decided);
    if (chosen != nullptr && (*chosen)->body != Body::none) {
      request.body = std::move(parser.get().body());
    }
    session.expires_never();  // what takes long now is ours
    const auto response = chosen != nullptr ? call(**chosen, request) : std::get<Response>(decided);
    const bool keep = is_read && parser.keep_alive() && !is_stopping_;
    co_await write(stream, session, request, response, version, keep);
    if (log_enabled(LogLevel::info)) {
      const auto took = std::chrono::steady_clock::now() - started;
      log(LogLevel::info, "vdk.service.http",
          fmt::format("{} {} {} {:.1f} ms op_id={}", request.method, request.url.path,
                      response.status, std::chrono::duration<double, std::milli>(took).count(),
                      request.op_id));
    }
    if (!is_read) co_await drain(stream, session, buffer);
    co_return keep;
  }

  template <typename Stream, typename Parser>
  Awaitable<void> read_body(Stream& stream, Session& session, beast::flat_buffer& buffer,
                            Parser& parser, error_code& error) {
    // Every part of the body has its time, so a slow client is not a dead one, and cannot stay
    // for ever: the whole of it has ten times that.
    const auto end = Clock::now() + 10 * options_.transfer_time;
    while (!parser.is_done()) {
      session.expires_after(options_.transfer_time);
      co_await beast::http::async_read_some(stream, buffer, parser,
                                            asio::redirect_error(wire, error));
      if (error) co_return;
      if (Clock::now() > end) session.expires_after(std::chrono::seconds(0));
    }
  }

  // Reads on for a moment after an early answer, so that the client sees it before the connection
  // is reset.
  template <typename Stream>
  Awaitable<void> drain(Stream& stream, Session& session, beast::flat_buffer& buffer) {
    error_code error;
    if constexpr (std::is_same_v<Stream, Socket>) {
      stream.shutdown(tcp::socket::shutdown_send, error);
    }
    session.expires_after(std::chrono::seconds(2));
    std::size_t left = std::size_t{16} << 20U;
    while (!error && left > 0) {
      buffer.clear();
      const auto count = co_await stream.async_read_some(buffer.prepare(std::size_t{64} << 10U),
                                                         asio::redirect_error(wire, error));
      left -= std::min(left, count);
    }
  }

  std::variant<const Route*, Response> route(Request& request) {
    auto url = parse_target(request.target);
    if (!url) {
      auto response = framework_error(400, request.target.substr(0, request.target.find('?')));
      response.carries_op_id = false;
      return response;
    }
    request.url = std::move(*url);
    if (auto refusal = gate_(request)) return std::move(*refusal);
    return router_.find(request);
  }

  static Response too_large(const Request& request, std::size_t limit) {
    auto response = framework_error(413, request.url.path);
    log(LogLevel::info, "vdk.service.http",
        fmt::format("{}: a body larger than {} bytes was refused", request.url.path, limit));
    return response;
  }

  static Response call(const Route& route, const Request& request) {
    try {
      return route.handler(request);
    } catch (const std::exception& error) {
      log(LogLevel::error, "vdk.service.http",
          fmt::format("{} {}: {} op_id={}", request.method, request.url.path, error.what(),
                      request.op_id));
      return framework_error(500, request.url.path);
    }
  }

  template <typename Stream>
  Awaitable<void> write(Stream& stream, Session& session, const Request& request,
                        const Response& response, unsigned version, bool keep) {
    const bool is_head = request.method == "HEAD";
    session.expires_after(options_.transfer_time);
    if (response.stream && !is_head) {
      co_await write_stream(stream, session, request, response, version);
      co_return;
    }
    beast::http::response<beast::http::string_body> message(
        static_cast<beast::http::status>(response.status), version);
    set_common_fields(message, response, request);
    message.keep_alive(keep);
    if (response.status != 204) message.content_length(response.body.size());
    if (!is_head && response.status != 204) message.body() = response.body;
    if (is_head) {
      beast::http::response_serializer<beast::http::string_body> serializer(message);
      co_await beast::http::async_write_header(stream, serializer, wire);
    } else {
      co_await beast::http::async_write(stream, message, wire);
    }
  }

  template <typename Stream>
  Awaitable<void> write_stream(Stream& stream, Session& session, const Request& request,
                               const Response& response, unsigned version) {
    beast::http::response<beast::http::empty_body> message(
        static_cast<beast::http::status>(response.status), version);
    set_common_fields(message, response, request);
    message.keep_alive(false);
    message.chunked(true);
    beast::http::response_serializer<beast::http::empty_body> serializer(message);
    co_await beast::http::async_write_header(stream, serializer, wire);
    if (!response.body.empty()) {
      co_await asio::async_write(stream, beast::http::make_chunk(asio::buffer(response.body)),
                                 wire);
    }
    asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor> pause(
        socket_of(stream).get_executor());
    while (!is_stopping_) {
      const auto piece = response.stream->next();
      if (!piece) break;
      if (piece->empty()) {
        session.expires_never();
        if (peer_is_gone(socket_of(stream))) co_return;
        pause.expires_after(kStreamPollTime);
        co_await pause.async_wait(wire);
        continue;
      }
      session.expires_after(options_.transfer_time);
      co_await asio::async_write(stream, beast::http::make_chunk(asio::buffer(*piece)), wire);
    }
    co_await asio::async_write(stream, beast::http::make_chunk_last(), wire);
  }

  const ServerOptions options_;
  const Router& router_;
  const Gate gate_;
  std::optional<asio::ssl::context> tls_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::set<Session*> sessions_;
  std::atomic<bool> is_stopping_ = false;
  std::uint16_t port_ = 0;
  std::vector<std::thread> threads_;
  asio::io_context context_;
  asio::strand<asio::io_context::executor_type> strand_;  // of what accepts
  tcp::acceptor acceptor_;
};

Server::Server(ServerOptions options, const Router& router, Gate gate)
    : listener_(std::make_unique<Listener>(std::move(options), router, std::move(gate))) {}

Server::~Server() = default;

std::uint16_t Server::port() const noexcept { return listener_->port(); }

void Server::start() { listener_->start(); }

void Server::stop(std::chrono::milliseconds grace) { listener_->stop(grace); }

}  // namespace vdk::service::http
