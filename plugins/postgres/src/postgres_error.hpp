// What a server or the way to it refuses.
#pragma once

#include <string>
#include <string_view>

#include <libpq-fe.h>

#include "vdk/base/error.hpp"

namespace vdk::postgres {

// What a server says of the place of a failure, beside its message.
struct FailurePlace {
  std::string context{};
  std::string schema{};
  std::string table{};
  std::string column{};
};

// Has the class name of PEP 249 that PostgreSQL's Python drivers give to its SQLSTATE.
class PostgresError : public Error {
 public:
  PostgresError(ResolvableBy by, std::string sqlstate, ErrorText text, FailurePlace place = {});
  ~PostgresError() override;
  [[nodiscard]] std::string type_name() const override;
  // A server that starts or stops, has no connection left, or is not reached at all.
  [[nodiscard]] bool is_transient() const noexcept override;
  // Five characters, or empty where the failure is not the server's word.
  [[nodiscard]] const std::string& sqlstate() const noexcept { return sqlstate_; }
  [[nodiscard]] const FailurePlace& place() const noexcept { return place_; }

 private:
  std::string sqlstate_;
  FailurePlace place_;
};

// Who can do something about a statement that the server refused with this SQLSTATE.
[[nodiscard]] ResolvableBy resolvable_by(std::string_view sqlstate) noexcept;

// The error of a failed result. `sql` is the whole text that was sent; `place` names the database.
[[nodiscard]] PostgresError statement_error(const PGresult* result, std::string_view sql,
                                            std::string_view place, std::string consequence);

// The error of a connection that was not made. `connection` has failed; `prefix` is that of the
// configuration keys.
[[nodiscard]] PostgresError connect_error(PGconn* connection, std::string_view prefix,
                                          std::string_view place);

// libpq's last message about the connection, in one piece.
[[nodiscard]] std::string message_of(const PGconn* connection);

}  // namespace vdk::postgres
