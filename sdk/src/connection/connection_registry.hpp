// Named connection types, which one is the default, and the open connections of one job context.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "vdk/base/backoff.hpp"
#include "vdk/base/export.hpp"
#include "vdk/config/configuration.hpp"
#include "vdk/connection/driver.hpp"
#include "vdk/hooks/plugin.hpp"

namespace vdk {

class HookDispatcher;

// A connection of a job context: statements pass through the hooks. Not for use from two threads at
// a time.
class VDK_API ManagedConnection {
 public:
  ManagedConnection(std::string type, std::unique_ptr<DriverConnection> driver,
                    HookDispatcher& hooks);
  ~ManagedConnection();

  // Throws Error (user) where the text is blank. The rows must be gone before the next call.
  [[nodiscard]] std::unique_ptr<ResultStream> execute(std::string_view sql);
  [[nodiscard]] const std::string& type() const noexcept { return type_; }
  [[nodiscard]] DriverConnection& driver() noexcept { return *driver_; }

 private:
  friend class ConnectionRegistry;
  std::string type_;
  std::unique_ptr<DriverConnection> driver_;
  HookDispatcher& hooks_;
};

// Who registered a type; built-in ones give way (specification: plugins 1.4).
enum class Provider { built_in, plugin };

class VDK_API ConnectionRegistry {
 public:
  explicit ConnectionRegistry(HookDispatcher& hooks, BackoffRules patience = {})
      : hooks_(hooks), patience_(patience) {}
  ~ConnectionRegistry() { close_all(); }

  // Types are case-insensitive. A plugin's registration replaces a built-in one of the same name.
  // `engine` groups names that alias one engine ("vdk" and "sqlite").
  void add(std::string_view type, ConnectionFactory factory, Provider provider,
           std::string_view engine, std::string_view section = kMainSection);

  // `db_default_type`, else the only engine that plugins registered, else (no plugin registered
  // any) SQLite. Throws Error (configuration) that lists the types where there is more than one to
  // choose from.
  [[nodiscard]] std::string default_type(const Configuration& configuration) const;
  // The open connection of the type ("" = default), opened on first use and kept. An open one is
  // asked whether it answers, through the hooks where somebody besides the core listens to them,
  // and opened again where it does not; the reference stays valid. Opening is tried again, with
  // pauses, after a transient error and after no other. Throws Error (configuration) that lists
  // the known types where it is unknown.
  ManagedConnection& open(std::string_view type, const Configuration& configuration);
  [[nodiscard]] std::vector<std::string> types() const;
  // Interrupts whatever runs; callable from any thread.
  void interrupt() noexcept;
  void close_all() noexcept;

 private:
  struct Registration {
    ConnectionFactory factory;
    Provider provider = Provider::built_in;
    std::string engine;
    std::string section;
  };
  [[nodiscard]] const Registration& registration(const std::string& type) const;
  [[nodiscard]] bool is_alive(ManagedConnection& connection) const;
  [[nodiscard]] std::unique_ptr<DriverConnection> make(const std::string& type,
                                                       const Configuration& configuration);
  // Runs it, again and again where it throws a transient error; interrupt() ends the waiting.
  void patiently(const std::string& type, const std::function<void()>& connect);

  HookDispatcher& hooks_;
  BackoffRules patience_;
  std::map<std::string, Registration> registrations_;
  std::mutex open_mutex_;  // open_ and the drivers in it change only under it: interrupt() comes
                           // from other threads
  std::condition_variable interrupted_;
  int interrupts_ = 0;
  std::map<std::string, std::unique_ptr<ManagedConnection>> open_;
};

}  // namespace vdk
