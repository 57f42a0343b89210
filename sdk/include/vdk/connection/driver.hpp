// What a database driver gives to the core.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "vdk/base/export.hpp"
#include "vdk/base/value.hpp"

namespace vdk {

struct ResultColumn {
  std::string name;
  std::string type;  // the engine's name of the type; empty where it has none
};

// The rows of one statement, read forward once, in bounded memory. Not for use from two threads.
class VDK_API ResultStream {
 public:
  virtual ~ResultStream();
  [[nodiscard]] virtual const std::vector<ResultColumn>& columns() const = 0;
  // Fills `row` with the next row; false at the end. Values without a JSON type (dates, decimals,
  // blobs as hexadecimal) come as text.
  virtual bool next(std::vector<Value>& row) = 0;
  // Runs the statement to its end without handing out what is left of its rows.
  virtual void drain();
};

// How an engine reads a backslash inside '…': as itself, as an escape, or nobody knows.
enum class LiteralStyle { unknown, standard, backslash };

// One open connection. One statement at a time, from one thread; only interrupt() may come from
// another.
class VDK_API DriverConnection {
 public:
  virtual ~DriverConnection();

  // Runs one SQL text: whole where the engine takes several statements, else split and in order,
  // each in the engine's own auto-commit. Returns the rows of the last statement, or null where it
  // has no result set. The stream must be destroyed before the next call. Throws Error: user for
  // what is wrong with the statement.
  [[nodiscard]] virtual std::unique_ptr<ResultStream> execute(std::string_view sql) = 0;

  // How the engine reads string literals; decides how parameters are quoted.
  [[nodiscard]] virtual LiteralStyle literal_style() const noexcept;

  // Cheap; true while the connection can be used.
  [[nodiscard]] virtual bool is_connected() = 0;

  // Makes a running statement fail soon. Async-signal-unsafe, but callable from any thread.
  virtual void interrupt() noexcept = 0;

  // The place of the data, for messages: a path or host, never a credential.
  [[nodiscard]] virtual std::string description() const = 0;
};

}  // namespace vdk
