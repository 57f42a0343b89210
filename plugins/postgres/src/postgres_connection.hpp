// The driver that runs SQL text on a PostgreSQL server.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "postgres_session.hpp"
#include "vdk/connection/driver.hpp"

namespace vdk::postgres {

class PostgresConnection : public DriverConnection {
 public:
  explicit PostgresConnection(std::shared_ptr<Session> session);
  ~PostgresConnection() override;

  // Sends the text whole: unless it controls transactions itself, its statements are one
  // transaction, committed at its end. Rows arrive one by one; those of a stream that is destroyed
  // early are read to their end, because ending the statement would undo what it did.
  [[nodiscard]] std::unique_ptr<ResultStream> execute(std::string_view sql) override;
  [[nodiscard]] LiteralStyle literal_style() const noexcept override;
  [[nodiscard]] std::string literal(const SqlParameter& value) const override;
  [[nodiscard]] std::optional<std::int64_t> changed_rows() const override { return changed_rows_; }
  [[nodiscard]] bool in_transaction() const override;
  [[nodiscard]] bool is_connected() override { return session_->is_connected(); }
  void interrupt() noexcept override { session_->interrupt(); }
  void end_orphans(std::string_view comment) override;
  [[nodiscard]] std::string description() const override { return session_->place(); }

 private:
  std::shared_ptr<Session> session_;          // shared with the result stream
  std::optional<std::int64_t> changed_rows_;  // by the last statement, unless it has rows
};

[[nodiscard]] std::unique_ptr<DriverConnection> open_connection(const Engine& engine,
                                                                const Configuration& configuration,
                                                                std::string_view section);

}  // namespace vdk::postgres
