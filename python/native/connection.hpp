// Databases of the Python host: each connection is a Python object with the interface of PEP 249, so that the job's steps and the core
// share one engine per file.
#pragma once

#include <string>

#include "python.hpp"
#include "vdk/connection/driver.hpp"
#include "vdk/hooks/plugin.hpp"

namespace vdk {

class JobContext;

// A ManagedConnectionBase of Python, for the core.
class PythonConnection final : public DriverConnection {
 public:
  PythonConnection(nb::object connection, std::string description);

  [[nodiscard]] std::unique_ptr<ResultStream> execute(std::string_view sql) override;
  [[nodiscard]] bool is_connected() override;
  void interrupt() noexcept override;
  [[nodiscard]] std::string description() const override { return description_; }

  [[nodiscard]] nb::handle object() const noexcept { return connection_.get(); }

 private:
  SharedObject connection_;
  std::string description_;
};

// Registers what this host opens itself: SQLite through `sqlite3`, DuckDB through `duckdb`, in place of the native drivers.
void add_python_connections(JobContext& context);

}  // namespace vdk
