// Databases of the Python host: each connection is a Python object with the interface of PEP 249,
// so that the job's steps and the core share one engine per file.
#pragma once

#include <string>

#include "python.hpp"
#include "vdk/connection/driver.hpp"
#include "vdk/hooks/plugin.hpp"

namespace vdk {

// A ManagedConnectionBase of Python, for the core. Its statements have their whole life in Python's
// managed cursor, where the connection's own methods take part.
class PythonConnection final : public DriverConnection {
 public:
  // The connection is open, and is closed with this object.
  PythonConnection(nb::object connection, std::string description);
  ~PythonConnection() override;

  [[nodiscard]] std::unique_ptr<ResultStream> execute(std::string_view sql) override;
  [[nodiscard]] std::unique_ptr<ResultStream> execute_managed(HookDispatcher& hooks,
                                                              std::string_view sql) override;
  [[nodiscard]] LiteralStyle literal_style() const noexcept override;
  [[nodiscard]] bool is_connected() override;
  [[nodiscard]] bool answers() override;
  [[nodiscard]] bool reconnect() override;
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

// What a Python plugin registers: a callable that gives a ManagedConnectionBase or any connection
// of PEP 249. Needs the interpreter lock.
[[nodiscard]] ConnectionFactory python_connection_factory(nb::object factory, std::string type);

// The hooks of a run, for as long as a call of the core takes (class vdk._native.CoreHooks).
class CoreHooks {
 public:
  explicit CoreHooks(HookDispatcher& hooks) : hooks_(&hooks) {}
  void run_operation(nb::handle operation, nb::handle steps) const;
  void detach() noexcept { hooks_ = nullptr; }

 private:
  HookDispatcher* hooks_;
};

}  // namespace vdk
