// Databases of the Python host: each connection is a Python object with the interface of PEP 249,
// so that the job's steps and the core share one engine per file.
#pragma once

#include <string>

#include "python.hpp"
#include "vdk/connection/driver.hpp"
#include "vdk/hooks/plugin.hpp"

namespace vdk {

// A ManagedConnectionBase of Python, for the core.
class PythonConnection final : public DriverConnection {
 public:
  // The connection is open, and is closed with this object.
  PythonConnection(nb::object connection, std::string description);
  ~PythonConnection() override;

  [[nodiscard]] std::unique_ptr<ResultStream> execute(std::string_view sql) override;
  // Both engines that this host opens follow the standard.
  [[nodiscard]] LiteralStyle literal_style() const noexcept override {
    return LiteralStyle::standard;
  }
  [[nodiscard]] bool is_connected() override;
  void interrupt() noexcept override;
  [[nodiscard]] std::string description() const override { return description_; }

  [[nodiscard]] nb::handle object() const noexcept { return connection_.get(); }

 private:
  SharedObject connection_;
  std::string description_;
};

// SQLite through `sqlite3` and DuckDB through `duckdb`, in the place of the native drivers.
[[nodiscard]] ConnectionFactory sqlite_connection_factory();
[[nodiscard]] ConnectionFactory duckdb_connection_factory();

}  // namespace vdk
