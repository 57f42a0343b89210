// The tests' own PostgreSQL server (tests/support/postgres_server.py), and ways to it.
#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hooks/plugin_index.hpp"
#include "postgres_connection.hpp"
#include "vdk/base/value.hpp"
#include "vdk/config/configuration.hpp"

namespace vdk::postgres {

class Server {
 public:
  // One for the whole program; it ends with it.
  static Server& shared() {
    static Server server;
    return server;
  }

  [[nodiscard]] std::string text(std::string_view key) const {
    return *place_.find(key)->if_string();
  }
  [[nodiscard]] std::string port() const {
    return std::to_string(*place_.find("port")->if_integer());
  }
  [[nodiscard]] std::string certificate(std::string_view file) const {
    return text("certificates").append("/").append(file);
  }

  // Carries out a line of the program, and returns when it is done.
  void command(const std::string& line) {
    const std::string all = line + "\n";
    if (write(to_, all.data(), all.size()) != static_cast<ssize_t>(all.size()) ||
        read_line() != "done") {
      throw std::runtime_error("the test server did not carry out: " + line);
    }
  }

 private:
  Server() {
    std::array<int, 2> in{};
    std::array<int, 2> out{};
    if (pipe2(in.data(), O_CLOEXEC) != 0 || pipe2(out.data(), O_CLOEXEC) != 0) {
      throw std::runtime_error("no pipe");
    }
    pid_ = fork();
    if (pid_ == 0) {
      dup2(in[0], STDIN_FILENO);
      dup2(out[1], STDOUT_FILENO);
      execlp("python3", "python3", VDK_SOURCE_DIR "/tests/support/postgres_server.py", nullptr);
      _exit(127);
    }
    close(in[0]);
    close(out[1]);
    to_ = in[1];
    from_ = out[0];
    place_ = parse_json(read_line());
  }

  ~Server() {
    close(to_);
    waitpid(pid_, nullptr, 0);
    close(from_);
  }

  std::string read_line() const {
    std::string line;
    char c = 0;
    while (read(from_, &c, 1) == 1 && c != '\n') {
      line += c;
    }
    return line;
  }

  pid_t pid_ = 0;
  int to_ = -1;
  int from_ = -1;
  Value place_;
};

using Keys = std::vector<std::pair<std::string, Value>>;

// A configuration with the plugin's own options, these keys and nothing else.
inline Configuration configured(const Keys& keys, std::string_view section = kMainSection,
                                const Keys& main_keys = {}) {
  const PluginIndex index(VDK_SOURCE_DIR "/plugins/postgres");
  ConfigurationBuilder builder;
  index.declare_options(builder);
  for (const auto& [key, value] : keys) {
    builder.set(key, value, {OriginKind::config_ini, "config.ini:1"}, section);
  }
  for (const auto& [key, value] : main_keys) {
    builder.set(key, value, {OriginKind::config_ini, "config.ini:1"});
  }
  return builder.build();
}

// The administrator's keys through the Unix socket, with changes.
inline Keys keys(const Keys& changes = {}) {
  const Server& server = Server::shared();
  Keys all{{"postgres_host", server.text("socket_directory")},
           {"postgres_port", server.port()},
           {"postgres_user", server.text("user")},
           {"postgres_password", server.text("password")},
           {"postgres_dbname", server.text("database")}};
  for (const auto& [key, value] : changes) {
    std::erase_if(all, [&, &name = key](const auto& entry) { return entry.first == name; });
    if (!value.is_null()) {
      all.emplace_back(key, value);
    }
  }
  return all;
}

inline std::unique_ptr<DriverConnection> connect(const Keys& changes = {}) {
  return open_connection(kPostgres, configured(keys(changes)), kMainSection);
}

using Row = std::vector<Value>;
using Rows = std::vector<Row>;

inline Rows query(DriverConnection& connection, std::string_view sql) {
  const auto stream = connection.execute(sql);
  Rows rows;
  Row row;
  while (stream && stream->next(row)) {
    rows.push_back(row);
  }
  return rows;
}

inline void run(DriverConnection& connection, std::string_view sql) {
  if (const auto rows = connection.execute(sql)) {
    rows->drain();
  }
}

}  // namespace vdk::postgres
