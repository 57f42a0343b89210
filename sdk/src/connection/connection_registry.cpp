#include "connection/connection_registry.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"
#include "vdk/hooks/hooks.hpp"

namespace vdk {
namespace {

constexpr std::string_view kLogger = "vdk.connection";
constexpr std::string_view kDefaultTypeKey = "db_default_type";
constexpr std::string_view kBuiltInDefault = "sqlite";
constexpr std::string_view kCorePlugin = "core";  // and "core-…": what the core itself registers
// Upstream's probe; hooks recognise it by its comment.
constexpr std::string_view kProbe = " select 1 -- Testing if connection is alive.";

template <class Hook>
bool heard_outside_core(const Hook& hook) {
  if (hook.has_others()) {
    return true;
  }
  const auto foreign = [](const auto& implementation) {
    return !implementation.plugin.starts_with(kCorePlugin);
  };
  return std::any_of(hook.implementations().begin(), hook.implementations().end(), foreign) ||
         std::any_of(hook.wrappers().begin(), hook.wrappers().end(), foreign);
}

std::string list_of(const std::vector<std::string>& names) {
  return names.empty() ? "none" : join(names, ", ");
}

}  // namespace

ManagedConnection::ManagedConnection(std::string type, std::unique_ptr<DriverConnection> driver,
                                     HookDispatcher& hooks)
    : type_(std::move(type)), driver_(std::move(driver)), hooks_(hooks) {}

ManagedConnection::~ManagedConnection() = default;

std::unique_ptr<ResultStream> ManagedConnection::execute(std::string_view sql) {
  if (trim(sql).empty()) {
    throw user_error({.what = "The query is empty.",
                      .why = "There is no statement in the text that was to be executed.",
                      .consequence = "Nothing was sent to the database.",
                      .countermeasure = "Write a statement."});
  }
  return driver_->execute_managed(hooks_, sql);
}

void ConnectionRegistry::add(std::string_view type, ConnectionFactory factory, Provider provider,
                             std::string_view engine, std::string_view section) {
  const auto [place, is_new] = registrations_.try_emplace(lower(type));
  if (!is_new && provider == Provider::built_in && place->second.provider == Provider::plugin) {
    return;
  }
  place->second = {std::move(factory), provider, std::string(engine), std::string(section)};
}

std::vector<std::string> ConnectionRegistry::types() const {
  std::vector<std::string> types;
  types.reserve(registrations_.size());
  for (const auto& [type, registration] : registrations_) {
    types.push_back(type);
  }
  return types;
}

std::string ConnectionRegistry::default_type(const Configuration& configuration) const {
  if (auto configured = configuration.get_string(kDefaultTypeKey); !trim(configured).empty()) {
    return lower(trim(configured));
  }
  std::map<std::string, std::vector<std::string>> engines;
  for (const auto& [type, registration] : registrations_) {
    if (registration.provider == Provider::plugin) {
      engines[registration.engine].push_back(type);
    }
  }
  if (engines.size() == 1) {
    const auto& [engine, names] = *engines.begin();
    return std::find(names.begin(), names.end(), engine) != names.end() ? engine : names.front();
  }
  if (engines.empty() && registrations_.contains(std::string(kBuiltInDefault))) {
    return std::string(kBuiltInDefault);
  }
  throw configuration_error(
      {.what = "No default database is configured.",
       .why = fmt::format(
           "{} is not set, and there is more than one connection type to choose from: {}.",
           kDefaultTypeKey, list_of(types())),
       .consequence = "A query that names no database cannot run.",
       .countermeasure = fmt::format(
           "Set {} in the section [vdk] of config.ini, or VDK_DB_DEFAULT_TYPE.", kDefaultTypeKey)});
}

const ConnectionRegistry::Registration& ConnectionRegistry::registration(
    const std::string& type) const {
  const auto found = registrations_.find(type);
  if (found != registrations_.end()) {
    return found->second;
  }
  const auto known = types();
  const auto near = nearest_name(type, known);
  throw configuration_error(
      {.what = fmt::format("There is no database connection of type '{}'.", type),
       .why = fmt::format("The known types are: {}.", list_of(known)),
       .consequence = "The query did not run.",
       .countermeasure =
           near ? fmt::format("Did you mean '{}'?", *near)
                : fmt::format("Correct the name or {}, or install the plugin that offers it.",
                              kDefaultTypeKey)});
}

bool ConnectionRegistry::is_alive(ManagedConnection& connection) const {
  if (!connection.driver_->is_connected()) {
    return false;
  }
  const bool heard = heard_outside_core(hooks_.db_connection_validate_operation) ||
                     heard_outside_core(hooks_.db_connection_before_operation) ||
                     heard_outside_core(hooks_.db_connection_on_operation_failure);
  if (heard) {
    try {
      if (const auto rows = connection.execute(kProbe)) {
        rows->drain();
      }
      return true;
    } catch (const Cancelled&) {
      throw;
    } catch (const std::exception& error) {
      // A hook may have refused the probe: that says nothing about the connection.
      log(LogLevel::debug, kLogger,
          fmt::format("The probe of {} failed: {}", connection.driver_->description(),
                      error.what()));
    }
  }
  if (connection.driver_->answers()) {
    return true;
  }
  log(LogLevel::warning, kLogger,
      fmt::format("The connection to {} does not answer and is opened again. What belonged to it "
                  "is gone: an open transaction, temporary tables, settings of the session.",
                  connection.driver_->description()));
  return false;
}

void ConnectionRegistry::patiently(const std::string& type, const std::function<void()>& connect) {
  Backoff backoff(patience_);
  for (;;) {
    int interrupts_before = 0;
    {
      const std::lock_guard lock(open_mutex_);
      interrupts_before = interrupts_;
    }
    try {
      return connect();
    } catch (const Error& fault) {
      const auto pause = fault.is_transient() ? backoff.next() : std::nullopt;
      if (!pause) {
        throw;
      }
      log(LogLevel::warning, kLogger,
          fmt::format("Connecting to '{}' failed, the next attempt is in {:.1f} seconds: {}", type,
                      static_cast<double>(pause->count()) / 1000, fault.text().what));
      std::unique_lock lock(open_mutex_);
      if (interrupted_.wait_for(lock, *pause, [&] { return interrupts_ != interrupts_before; })) {
        throw;
      }
    }
  }
}

std::unique_ptr<DriverConnection> ConnectionRegistry::make(const std::string& type,
                                                           const Configuration& configuration) {
  const Registration& registered = registration(type);
  std::unique_ptr<DriverConnection> driver;
  patiently(type, [&] { driver = registered.factory(configuration, registered.section); });
  if (!driver) {
    throw configuration_error(
        {.what = fmt::format("The connection type '{}' gave no connection.", type),
         .why = "The plugin that offers it returned nothing.",
         .consequence = "The query did not run.",
         .countermeasure = "Correct the plugin, or choose another connection type."});
  }
  return driver;
}

ManagedConnection& ConnectionRegistry::open(std::string_view type,
                                            const Configuration& configuration) {
  const std::string name = trim(type).empty() ? default_type(configuration) : lower(trim(type));
  const auto existing = open_.find(name);
  if (existing != open_.end()) {
    ManagedConnection& connection = *existing->second;
    if (is_alive(connection)) {
      return connection;
    }
    bool reconnected = false;
    patiently(name, [&] { reconnected = connection.driver_->reconnect(); });
    if (reconnected) {
      return connection;
    }
  }

  auto driver = make(name, configuration);
  log(LogLevel::debug, kLogger, fmt::format("Established connection to {}", driver->description()));
  const std::lock_guard lock(open_mutex_);
  auto& place = open_[name];
  if (place) {
    place->driver_.swap(driver);
  } else {
    place = std::make_unique<ManagedConnection>(name, std::move(driver), hooks_);
  }
  return *place;
}

void ConnectionRegistry::interrupt() noexcept {
  const std::lock_guard lock(open_mutex_);
  ++interrupts_;
  interrupted_.notify_all();
  for (const auto& [type, connection] : open_) {
    connection->driver_->interrupt();
  }
}

void ConnectionRegistry::close_all() noexcept {
  const std::lock_guard lock(open_mutex_);
  open_.clear();
}

}  // namespace vdk
